// Addresses that are this machine's or its network's own: where a redirect of a public registry must not lead us, for
// whoever writes it would reach through us what he cannot reach himself (a cloud's metadata service, say).
#pragma once

#include <boost/asio/ip/address.hpp>

namespace proxy {

// Loopback, private (RFC 1918, RFC 6598, RFC 4193), link-local, unspecified, multicast and reserved ones; of IPv6
// addresses that hold one of IPv4 (mapped, 6to4, NAT64 of RFC 6052) what it holds.
bool is_inner_address(boost::asio::ip::address const& a) noexcept;

} // namespace proxy
