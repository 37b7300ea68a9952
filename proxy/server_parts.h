// The parts of the server that every handler works with. Owned by serve(); all thread-safe.
#pragma once

#include "proxy/config/config.h"
#include "proxy/fill/fill_table.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/runtime/on_disk.h"
#include "proxy/stats/stats.h"
#include "store/content_store.h"

#include <atomic>

namespace proxy {

struct server_parts {
    config const& settings;
    store::content_store& content;
    disk_pool& disk;
    stats& counts;
    fill_table& fills;
    upstream_set const& upstreams;
    std::atomic<bool> const& hosted_read_only; // may change while the server runs
};

} // namespace proxy
