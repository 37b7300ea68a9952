#include "proxy/upstream/inner_address.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace proxy {
namespace {

namespace ip = boost::asio::ip;

struct range4 {
    std::uint32_t first;
    unsigned bits;
};

// IANA's registry of special-purpose addresses, what is not globally reachable.
constexpr std::array<range4, 10> inner4{{{0x00000000, 8},   // "this network"
                                         {0x0a000000, 8},   // private
                                         {0x64400000, 10},  // of providers, behind their NAT
                                         {0x7f000000, 8},   // loopback
                                         {0xa9fe0000, 16},  // link-local; metadata services of clouds
                                         {0xac100000, 12},  // private
                                         {0xc0000000, 24},  // protocol assignments
                                         {0xc0a80000, 16},  // private
                                         {0xc6120000, 15},  // benchmarks
                                         {0xe0000000, 3}}}; // multicast, reserved, broadcast

bool is_inner(ip::address_v4 const& a) noexcept {
    return std::ranges::any_of(inner4, [&](range4 const& r) { return (a.to_uint() ^ r.first) >> (32 - r.bits) == 0; });
}

ip::address_v4 held_at(ip::address_v6::bytes_type const& b, std::size_t at) noexcept {
    return ip::address_v4({b[at], b[at + 1], b[at + 2], b[at + 3]});
}

bool is_inner(ip::address_v6 const& a) noexcept {
    auto const b = a.to_bytes();
    if (a.is_v4_mapped())
        return is_inner(held_at(b, 12));
    if (b[0] == 0x20 && b[1] == 0x02) // 6to4
        return is_inner(held_at(b, 2));
    constexpr std::array<unsigned char, 12> nat64{0x00, 0x64, 0xff, 0x9b};
    if (std::equal(nat64.begin(), nat64.end(), b.begin()))
        return is_inner(held_at(b, 12));
    return (b[0] & 0xe0) != 0x20; // globally reachable are those of 2000::/3 alone
}

} // namespace

bool is_inner_address(ip::address const& a) noexcept {
    return a.is_v4() ? is_inner(a.to_v4()) : is_inner(a.to_v6());
}

} // namespace proxy
