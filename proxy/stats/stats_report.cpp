#include "proxy/stats/stats_report.h"

namespace proxy {

namespace {

namespace json = boost::json;

constexpr auto manifest = static_cast<std::size_t>(content_class::manifest);
constexpr auto blob = static_cast<std::size_t>(content_class::blob);

std::uint64_t of(stats_totals const& t, std::size_t content, outcome o) {
    return t.requests[content][static_cast<std::size_t>(o)];
}

std::uint64_t of(stats_totals const& t, outcome o) {
    return of(t, manifest, o) + of(t, blob, o);
}

double ratio(double part, double whole) noexcept {
    return whole > 0 ? part / whole : 0;
}

json::object refusals(stats_totals const& t) {
    json::object o;
    for (std::size_t i = 1; i < limit_count; ++i)
        o[limit_names[i]] = t.refused[i];
    return o;
}

json::object requests(stats_totals const& t) {
    return {{"manifest",
             {{"hit", of(t, manifest, outcome::hit)},
              {"miss", of(t, manifest, outcome::miss)},
              {"collapsed", of(t, manifest, outcome::collapsed)},
              {"stale", of(t, manifest, outcome::stale)},
              {"error", of(t, manifest, outcome::error)}}},
            {"blob",
             {{"hit", of(t, blob, outcome::hit)},
              {"miss", of(t, blob, outcome::miss)},
              {"collapsed", of(t, blob, outcome::collapsed)},
              {"unstored", t.unstored},
              {"error", of(t, blob, outcome::error)}}}};
}

json::object upstreams(stats_report const& r) {
    static std::vector<endpoint_report> const none; // one that is not configured any more
    json::object all;
    for (auto const& [name, u] : r.totals.upstreams) {
        auto const at = r.endpoints.find(name);
        auto const& endpoints = at == r.endpoints.end() ? none : at->second;
        all[name] = {{"requests", u.requests},
                     {"bytes", u.bytes},
                     {"errors", u.errors},
                     {"breaker", to_string(breaker_of(endpoints))},
                     {"ratelimit", to_json(budget_of(endpoints))}};
    }
    return all;
}

json::object integrity(integrity_report const& i) {
    return {{"reconciled", i.reconciled},
            {"orphans_removed", i.orphans_removed},
            {"rows_dropped", i.rows_dropped},
            {"failures", i.failures},
            {"quarantined_bytes", i.quarantined_bytes},
            {"scrub",
             {{"objects", i.scrub.objects_checked},
              {"bytes", i.scrub.bytes_checked},
              {"rotten", i.scrub.rotten},
              {"passes", i.scrub.passes_completed},
              {"last_pass_ended_at", i.scrub.last_pass_ended_at}}}};
}

json::object certificates(stats_report const& r) {
    json::object all;
    for (auto const& [file, at] : r.certificate_expiry)
        all[file] = {{"expires_at", at}};
    return all;
}

json::object stored(stats_report const& r) {
    json::object pools;
    for (std::size_t i = 0; i < store::pool_count; ++i)
        pools[to_string(static_cast<store::pool>(i))] = {{"objects", r.store.pools[i].objects},
                                                         {"bytes", r.store.pools[i].bytes}};
    json::object evicted;
    for (std::size_t i = 0; i < store::gc_reason_count; ++i)
        evicted[to_string(static_cast<store::gc_reason>(i))] = {{"objects", r.store.evicted[i].objects},
                                                                {"bytes", r.store.evicted[i].bytes}};
    return {{"objects", r.store.objects},
            {"bytes", r.store.disk_bytes},
            {"limit_bytes", r.limit_bytes},
            {"reserved_bytes", r.store.reserved_bytes},
            {"logical_bytes", r.store.logical_bytes},
            {"dedup_savings_bytes", r.dedup_saved_bytes()},
            {"dedup_savings_ratio", r.dedup_ratio()},
            {"pools", std::move(pools)},
            {"evicted", std::move(evicted)}};
}

} // namespace

double stats_report::request_hit_ratio() const noexcept {
    auto const from_store = of(totals, outcome::hit) + of(totals, outcome::stale);
    auto const fetched = of(totals, outcome::miss) + of(totals, outcome::collapsed);
    return ratio(static_cast<double>(from_store), static_cast<double>(from_store + fetched));
}

double stats_report::byte_hit_ratio() const noexcept {
    return ratio(static_cast<double>(totals.bytes_from_cache), static_cast<double>(totals.bytes_served));
}

std::int64_t stats_report::saved_bytes() const noexcept {
    return static_cast<std::int64_t>(totals.bytes_served) - static_cast<std::int64_t>(totals.bytes_from_upstream());
}

double stats_report::saved_ratio() const noexcept {
    return ratio(static_cast<double>(saved_bytes()), static_cast<double>(totals.bytes_served));
}

std::uint64_t stats_report::dedup_saved_bytes() const noexcept {
    return store.logical_bytes > store.content_bytes ? store.logical_bytes - store.content_bytes : 0;
}

double stats_report::dedup_ratio() const noexcept {
    return ratio(static_cast<double>(dedup_saved_bytes()), static_cast<double>(store.logical_bytes));
}

json::object to_json(stats_report const& r) {
    auto const& t = r.totals;
    return {{"version", LAYERD_VERSION},
            {"uptime_seconds", r.uptime_seconds},
            {"requests", requests(t)},
            {"bytes",
             {{"served", t.bytes_served},
              {"from_cache", t.bytes_from_cache},
              {"from_upstream", t.bytes_from_upstream()},
              {"pushed", t.bytes_pushed}}},
            {"hit_ratio", {{"requests", r.request_hit_ratio()}, {"bytes", r.byte_hit_ratio()}}},
            {"network_savings", {{"bytes", r.saved_bytes()}, {"ratio", r.saved_ratio()}}},
            {"store", stored(r)},
            {"integrity", integrity(r.integrity)},
            {"upstreams", upstreams(r)},
            {"certificates", certificates(r)},
            {"connections",
             {{"open", r.open_connections},
              {"accepted", t.connections},
              {"refused_requests", t.bad_requests},
              {"failed_handshakes", t.bad_handshakes},
              {"failed_logins", t.failed_logins},
              {"denied_requests", t.denied},
              {"turned_away", t.turned_away},
              {"overloaded_requests", t.overloaded},
              {"refused_by_limit", refusals(t)}}},
            {"running_fills", r.running_fills},
            {"prefetch", {{"blobs", r.prefetched}, {"used", r.prefetch_used}}},
            {"uploads", r.uploads}};
}

} // namespace proxy
