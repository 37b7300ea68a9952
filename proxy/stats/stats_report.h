// What the statistics say, worked out once for all who show it: the admin API, the metrics, the operator's table.
#pragma once

#include "proxy/alert/alert_watch.h"
#include "proxy/gc/integrity_watch.h"
#include "proxy/stats/stats.h"
#include "proxy/stats/upstream_report.h"
#include "store/content_store.h"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace proxy {

struct stats_report {
    stats_totals totals;      // since the store was made
    stats_totals since_start; // of this run alone
    store::usage store;
    integrity_report integrity;
    std::map<std::string, std::vector<endpoint_report>> endpoints; // by upstream, of those that are configured
    std::vector<alert_watch::shown> alerts;
    std::map<std::string, std::int64_t> certificate_expiry; // of this server's, by file; Unix seconds
    std::uint64_t limit_bytes = 0;                          // keep_storage in bytes; 0: none
    std::int64_t uptime_seconds = 0;
    std::int64_t open_connections = 0;
    std::int64_t running_fills = 0;
    std::uint64_t prefetched = 0;
    std::uint64_t prefetch_used = 0;
    std::uint64_t uploads = 0; // blob upload sessions under way

    // Of the manifest and blob requests that were answered with content, the share that needed no download: hits and
    // stale answers over hits, stale, misses and collapsed ones. 0 without requests.
    double request_hit_ratio() const noexcept;

    // Of the body bytes sent, the share that was in the store when it was asked for.
    double byte_hit_ratio() const noexcept;

    // Body bytes sent to clients less all that came from upstream, used or not. Below zero while more has been fetched
    // than served: clients that hung up, manifests asked for with HEAD.
    std::int64_t saved_bytes() const noexcept;
    double saved_ratio() const noexcept; // of the bytes served

    // What the repositories would take without deduplication, less what the content takes.
    std::uint64_t dedup_saved_bytes() const noexcept;
    double dedup_ratio() const noexcept; // of the logical bytes
};

// The document of GET /api/v1/stats.
boost::json::object to_json(stats_report const& r);

} // namespace proxy
