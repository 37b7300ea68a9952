// When a large blob is fetched over several connections, and over how many.
//
// One connection to a far upstream brings what its window allows in a round trip, or what the CDN grants each: 20 MB/s
// where the line could take ten times that. Several connections for parts of the blob bring several times as much.
// But a near upstream serves one connection as fast as we hash; there, more of them cost it requests and seeks, and
// bring nothing. So a fill begins with one and looks how that does: it gets company only where the first byte took
// long, where bytes come slowly for some time, where it is the network that is waited for and not this machine, and
// where enough is left for it to pay. A blob from a registry in the same network is one GET, whatever its size.
#pragma once

#include <chrono>
#include <cstdint>

namespace proxy {

struct range_rule {
    using clock = std::chrono::steady_clock;

    std::uint64_t window = 8ull << 20;   // what one request asks for: long against a round trip, short against a layer
    std::uint64_t least = 32ull << 20;   // smaller blobs are over before more connections would have got going
    std::chrono::milliseconds far{10};   // request to first byte; a registry near by answers sooner
    std::chrono::milliseconds look{150}; // how long each look at the speed takes
    unsigned looks = 2;                  // slow ones in a row: one may be a hiccup
    std::uint64_t slow = 48'000'000;     // bytes a second of one connection; below it more are worth it
};

// Watches the reads of one connection. Times come from the caller.
class pace {
public:
    pace(range_rule const& rule, range_rule::clock::duration first_byte, range_rule::clock::time_point now)
        : rule_(rule), is_far_(first_byte >= rule.far), since_(now) {}

    // A read brought so many bytes of the `room` it had; of the blob `left` bytes are missing. True: more connections
    // would pay.
    bool is_slow(std::uint64_t bytes, std::uint64_t room, std::uint64_t left, range_rule::clock::time_point now);

private:
    range_rule rule_;
    bool is_far_;
    range_rule::clock::time_point since_;
    std::uint64_t bytes_ = 0;
    unsigned reads_ = 0;
    unsigned full_reads_ = 0; // bytes had been waiting for us
    unsigned slow_looks_ = 0;
};

} // namespace proxy
