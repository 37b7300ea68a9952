// How far inside an address is: a redirect must not lead us further in than who writes it, for he would reach through
// us what he cannot reach himself (a cloud's metadata service, or what listens on this machine's loopback alone).
#pragma once

#include <boost/asio/ip/address.hpp>

#include <cstdint>

namespace proxy {

enum class network_depth : std::uint8_t {
    outside, // everybody reaches it
    network, // ours does: private addresses (RFC 1918, RFC 6598, RFC 4193)
    machine  // this machine alone, or its link: loopback, link-local, metadata services; and what is nobody's address
};

// Of IPv6 addresses that hold one of IPv4 (mapped, 6to4, NAT64 of RFC 6052): that of what they hold.
network_depth depth_of(boost::asio::ip::address const& a) noexcept;

} // namespace proxy
