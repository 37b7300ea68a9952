// A month of a registry mirror, made up: a trace to replay where no recorded one is at hand.
//
// The traces of IBM's registry (75 days of 2017, 12.7 million layer downloads) are not redistributed; figures of them
// are. What is made up is held against those; another seed moves each figure by a tenth or two, for a few repositories
// have most of the pulls:
//
//                                                       registry, seed 7   ci, seed 7    IBM
//   layer requested, mean                               13.4 MB            14.0 MB       14.0 MB
//   beyond 64 MiB: share of requests, of bytes          7.6 %, 64 %        7.1 %, 65 %   5.9 %, 65 %
//   below 1 MB                                          by construction    the same      65 % of layers
//   LRU at 5, 10, 20 % of the footprint, request hits   72, 76, 79 %       58, 61, 63 %  71, 78, - %; 76, 80, 87 %
//                                                                                        (Dallas; Frankfurt)
//
// Published are the sizes (sizes.h), that popularity is heavily skewed, and how many layers images have. The rest is
// assumption: Zipf and its exponents; that sizes do not depend on popularity, but that base images have no layers
// beyond 256 MiB; how repositories share base images; that seven of ten pulls are by machines that have nothing yet;
// the share of pulls of old versions; how fast popularity drifts; how much of a build cache is read again; how a day
// and a week go. The numbers of pulls, builds and layers of base images were chosen for the hits of LRU above; no
// policy of layerd's had a part in that.
//
// No trace of the second profile's kind is published at all: it is the first with many builds in it.
#pragma once

#include "bench/replay/trace.h"

#include <cstdint>

namespace replay {

struct workload {
    double alpha = 1.2;  // Zipf exponent of the repositories
    double balpha = 1.3; // and of the base images they stand on
    double repos = 30000;
    double scan = 0.15; // share of pulls that take any repository, popular or not
    double build_per_pull = 0.08;
    double cache_blobs = 4; // that a build writes
    double days = 30;
    double pulls_per_day = 5000; // in the mean
    double scale = 1;            // of repositories and pulls
    std::uint64_t seed = 7;
};

// "registry": a mirror that many teams pull through. "ci": builds, with a build cache, have the larger part.
workload registry_workload();
workload ci_workload();

trace generate(workload const& w);

} // namespace replay
