// What passed through one worker since it was last asked: added to by each request, taken over once a second.
//
// For one thread, so that a request takes no lock: three names are looked up and four sums added to.
#pragma once

#include "proxy/stats/stats.h"
#include "proxy/stats/traffic_parts.h"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace proxy {

// One request, answered.
struct served_request {
    content_class content = content_class::other;
    proxy::outcome outcome = proxy::outcome::pass;
    bool is_get = false;
    bool unstored = false; // passed through for want of room
    unsigned status = 0;
    std::string_view repository;                      // as the store names it; empty: about none
    std::string_view client_group;                    // empty: not told apart
    upstream_counters const* from = nullptr;          // null: hosted here
    std::uint64_t body_bytes = 0;                     // sent
    std::uint64_t pushed_bytes = 0;                   // received
    std::chrono::steady_clock::duration first_byte{}; // to the answer's head
    std::chrono::steady_clock::duration total{};
};

class traffic_recorder {
public:
    void add(served_request const& r);

    bool empty() const noexcept { return parts_.empty(); }
    traffic_parts take() { return std::exchange(parts_, traffic_parts()); }

private:
    traffic_parts parts_;
};

} // namespace proxy
