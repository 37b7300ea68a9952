// How large layers are, as the IBM registry traces have it (2017, 12.7 million blob downloads): 65 % below 1 MB, 80 %
// below 10 MB, 5.9 % beyond 64 MiB with 65 % of the bytes, 0.56 % beyond 256 MiB with 24 %, 0.05 % beyond 1 GiB with
// 8 %, 14 MB in the mean. What lies within these bounds, and how sizes below 1 MB are spread, is assumption.
#pragma once

#include "bench/replay/random.h"

#include <cstdint>

namespace replay {

std::uint64_t layer_size(chance& c);

// A manifest or config of an image of so many layers.
std::uint64_t manifest_size(chance& c, std::size_t layers);
std::uint64_t config_size(chance& c, std::size_t layers);

} // namespace replay
