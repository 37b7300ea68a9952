// Who asked for what and when: what replays are fed with, read from a file or made up by workload.h.
#pragma once

#include "store/object.h"

#include <cstdint>
#include <vector>

namespace replay {

using object_id = std::uint32_t; // a place in trace::objects

struct object {
    std::uint64_t size = 0; // bytes
    store::object_kind kind = store::object_kind::unknown;
};

struct request {
    float time = 0; // seconds since the first
    object_id id = 0;
};

struct trace {
    std::vector<object> objects; // all of them are asked for
    std::vector<request> requests;
};

// What it is like, to be held against other workloads.
struct trace_summary {
    std::uint64_t requests = 0, bytes = 0;
    std::uint64_t objects = 0, footprint = 0; // unique; bytes
    // Of requests for layers and build-cache blobs:
    double mean_layer = 0;                      // bytes
    double large_requests = 0, large_bytes = 0; // shares of those beyond 64 MiB
    double top_percent = 0;                     // share of the requests for the most popular hundredth
    double small_requests = 0, small_bytes = 0; // of all: shares of objects below 1 MiB
};

trace_summary summarise(trace const& t);

} // namespace replay
