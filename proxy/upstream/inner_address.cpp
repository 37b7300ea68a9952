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
    network_depth depth;
};

// IANA's registry of special-purpose addresses, what is not globally reachable. The first that fits counts.
constexpr std::array<range4, 13> inner4{{{0x00000000, 8, network_depth::machine},   // "this network"
                                         {0x0a000000, 8, network_depth::network},   // private
                                         {0x646464c8, 32, network_depth::machine},  // Alibaba Cloud's metadata service
                                         {0x64400000, 10, network_depth::network},  // of providers, behind their NAT
                                         {0x7f000000, 8, network_depth::machine},   // loopback
                                         {0xa9fe0000, 16, network_depth::machine},  // link-local; metadata services
                                         {0xac100000, 12, network_depth::network},  // private
                                         {0xc0000000, 24, network_depth::machine},  // protocol assignments
                                         {0xc0a80000, 16, network_depth::network},  // private
                                         {0xc6120000, 15, network_depth::network},  // benchmarks
                                         {0xe0000000, 4, network_depth::machine},   // multicast
                                         {0xffffffff, 32, network_depth::machine},  // broadcast
                                         {0xf0000000, 4, network_depth::network}}}; // reserved; some clouds use it

// Where Amazon's and Google's metadata services are among private addresses.
constexpr std::array<std::array<unsigned char, 4>, 2> metadata6{{{0xfd, 0x00, 0x0e, 0xc2}, {0xfd, 0x20, 0x00, 0xce}}};

network_depth depth_of(ip::address_v4 const& a) noexcept {
    auto const found = std::ranges::find_if(
        inner4, [&](range4 const& r) { return (std::uint64_t{a.to_uint()} ^ r.first) >> (32 - r.bits) == 0; });
    return found == inner4.end() ? network_depth::outside : found->depth;
}

ip::address_v4 held_at(ip::address_v6::bytes_type const& b, std::size_t at) noexcept {
    return ip::address_v4({b[at], b[at + 1], b[at + 2], b[at + 3]});
}

network_depth depth_of(ip::address_v6 const& a) noexcept {
    auto const b = a.to_bytes();
    if (a.is_v4_mapped())
        return depth_of(held_at(b, 12));
    if (b[0] == 0x20 && b[1] == 0x02) // 6to4
        return depth_of(held_at(b, 2));
    constexpr std::array<unsigned char, 12> nat64{0x00, 0x64, 0xff, 0x9b};
    if (std::equal(nat64.begin(), nat64.end(), b.begin()))
        return depth_of(held_at(b, 12));
    if ((b[0] & 0xe0) == 0x20) // globally reachable are those of 2000::/3 alone
        return network_depth::outside;
    bool const is_metadata = std::ranges::any_of(
        metadata6, [&](auto const& prefix) { return std::equal(prefix.begin(), prefix.end(), b.begin()); });
    bool const is_private = (b[0] & 0xfe) == 0xfc && !is_metadata;
    return is_private ? network_depth::network : network_depth::machine;
}

} // namespace

network_depth depth_of(ip::address const& a) noexcept {
    return a.is_v4() ? depth_of(a.to_v4()) : depth_of(a.to_v6());
}

} // namespace proxy
