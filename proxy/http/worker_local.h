// What the connections of one worker share, without a lock: its counters and what of them has names, its log buffer,
// its clock, its hot manifests, the tags it was asked for, the tokens it was shown.
#pragma once

#include "proxy/access/token_cache.h"
#include "proxy/http/watchdog.h"
#include "proxy/log/access_log.h"
#include "proxy/pull/manifest_cache.h"
#include "proxy/pull/tag_counter.h"
#include "proxy/runtime/fair_queue.h"
#include "proxy/runtime/worker.h"
#include "proxy/stats/stats.h"
#include "proxy/stats/traffic_recorder.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace proxy {

struct worker_local {
    worker& home;
    thread_counters& counters;
    access_log log;
    watchdog dog{};
    manifest_cache manifests{};
    traffic_recorder traffic{};
    tag_counter tags{};
    token_cache tokens_proved{};

    std::string date; // as the Date field wants it; set once a second by the worker's tick

    std::size_t large_heads = 0; // of requests that are being read
    // Handshakes take some 43 KiB each until they are over.
    static constexpr std::size_t max_handshakes = 512;
    std::shared_ptr<fair_queue> handshakes = std::make_shared<fair_queue>(max_handshakes, max_handshakes / 4);

    bool draining = false; // no request after the present one
};

} // namespace proxy
