#include "proxy/config/network.h"

#include <charconv>

namespace proxy {
namespace {

namespace ip = boost::asio::ip;

constexpr unsigned short mapped_bits = 96; // before an IPv4 address in an IPv6 one

ip::address_v6 as_v6(ip::address const& a) {
    return a.is_v4() ? ip::make_address_v6(ip::v4_mapped, a.to_v4()) : a.to_v6();
}

// The address with all bits beyond the prefix cleared.
ip::address_v6 cut(ip::address_v6 const& a, unsigned short bits) {
    auto bytes = a.to_bytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        auto const before = i * 8;
        if (before >= bits)
            bytes[i] = 0;
        else if (before + 8 > bits)
            bytes[i] = static_cast<unsigned char>(bytes[i] & (0xff << (before + 8 - bits)));
    }
    return ip::address_v6(bytes);
}

} // namespace

std::optional<network> network::parse(std::string_view text) {
    auto const slash = text.find('/');
    boost::system::error_code failed;
    auto const address = ip::make_address(std::string(text.substr(0, slash)), failed);
    if (failed || (address.is_v6() && address.to_v6().scope_id() != 0))
        return std::nullopt;
    auto const most = static_cast<unsigned short>(address.is_v4() ? 32 : 128);
    unsigned short bits = most;
    if (slash != text.npos) {
        auto const given = text.substr(slash + 1);
        auto const [end, ec] = std::from_chars(given.data(), given.data() + given.size(), bits);
        if (ec != std::errc{} || end != given.data() + given.size() || bits > most)
            return std::nullopt;
    }
    if (address.is_v4())
        bits = static_cast<unsigned short>(bits + mapped_bits);
    auto const first = as_v6(address);
    if (cut(first, bits) != first)
        return std::nullopt;
    return network(first, bits, address.is_v4());
}

bool network::contains(ip::address const& a) const noexcept {
    return cut(as_v6(a), bits_) == first_;
}

std::string network::to_string() const {
    auto const address = is_v4_ ? ip::make_address_v4(ip::v4_mapped, first_).to_string() : first_.to_string();
    return address + "/" + std::to_string(is_v4_ ? bits_ - mapped_bits : bits_);
}

} // namespace proxy
