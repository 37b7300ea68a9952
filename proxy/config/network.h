// A range of addresses: "10.0.0.0/8", "2001:db8::/32", or one address alone.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace proxy {

class network {
public:
    // Nothing for what is none, also where bits are set beyond the prefix: that is mostly a slip of the pen.
    static std::optional<network> parse(std::string_view text);

    // An IPv4 address that came through an IPv6 socket ("::ffff:10.0.0.1") is an IPv4 address.
    bool contains(boost::asio::ip::address const& a) const noexcept;

    std::string to_string() const;
    friend bool operator==(network const&, network const&) = default;

private:
    network(boost::asio::ip::address_v6 first, unsigned short bits, bool is_v4)
        : first_(first), bits_(bits), is_v4_(is_v4) {}

    boost::asio::ip::address_v6 first_; // of IPv4: mapped
    unsigned short bits_;               // of 128
    bool is_v4_;
};

} // namespace proxy
