// What upstreams cost and how fast they are, second by second: the difference between two looks at their counters.
#pragma once

#include "proxy/stats/stats.h"
#include "proxy/stats/traffic_parts.h"

#include <map>
#include <string>

namespace proxy {

// One thread.
class upstream_meter {
public:
    explicit upstream_meter(stats& counts) : counts_(counts) {} // which must outlive this

    // Since the last look: by upstream, and all together. Notes the pace of each for those who work out what a hit
    // saved.
    traffic_parts look();

private:
    struct seen {
        std::uint64_t requests = 0, bytes = 0, errors = 0, body_wait_us = 0;
        std::uint64_t revalidations_unchanged = 0, revalidations_moved = 0;
        latency_histogram first_byte;
        double recent_requests = 0, recent_first_byte_us = 0; // both fade, as do these two
        double recent_bytes = 0, recent_wait_us = 0;
    };
    static traffic look_at(upstream_counters const& c, seen& before);
    static void note_pace(upstream_pace& to, seen const& s);

    stats& counts_;
    std::map<std::string, seen> seen_;
};

} // namespace proxy
