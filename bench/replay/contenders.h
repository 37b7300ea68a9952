// What is compared: layerd's pools and the single policies, as the store would drive them but without a disk; the best
// that could be done knowing the future; and a cache without bounds.
#pragma once

#include "bench/replay/trace.h"
#include "store/eviction/pools.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace replay {

enum class contender : std::uint8_t { layerd, lru, s3_fifo, gdsf, belady_size, infinite };
inline constexpr contender all_contenders[] = {contender::layerd, contender::lru,         contender::s3_fifo,
                                               contender::gdsf,   contender::belady_size, contender::infinite};

std::string_view to_string(contender c) noexcept;

struct outcome {
    std::uint64_t misses = 0; // requests
    std::uint64_t missed_bytes = 0;
    double cpu_seconds = 0;
};

// From an empty cache of so many bytes. What is larger than the cache goes past it.
outcome replay_trace(trace const& t, contender c, std::uint64_t capacity, store::pool_options const& options);

// As the others, but whenever something has to go, it is what takes the most bytes for the longest time until it is
// asked for again (BeladySize), of a sample of those that are cached; and what nobody will ask for is not kept at all.
outcome replay_knowing_the_future(trace const& t, std::uint64_t capacity);

} // namespace replay
