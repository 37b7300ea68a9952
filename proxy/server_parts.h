// The parts of the server that every handler works with. Owned by serve(); all thread-safe.
#pragma once

#include "proxy/access/authenticator.h"
#include "proxy/config/config.h"
#include "proxy/fill/fill_table.h"
#include "proxy/pull/absence_cache.h"
#include "proxy/pull/access_verdicts.h"
#include "proxy/pull/prefetcher.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/runtime/on_disk.h"
#include "proxy/stats/stats.h"
#include "store/content_store.h"

#include <atomic>
#include <cstdint>
#include <functional>

namespace proxy {

struct server_parts {
    config const& settings;
    authenticator& who;
    store::content_store& content;
    disk_pool& disk;
    stats& counts;
    fill_table& fills;
    prefetcher& ahead;
    upstream_set const& upstreams;
    std::atomic<bool> const& hosted_read_only; // may change while the server runs
    absence_cache& absences;
    access_verdicts& verdicts;
    std::function<std::int64_t()> now; // Unix seconds, by which tags grow old
};

} // namespace proxy
