#include "proxy/stats/series_metric.h"

#include <array>

namespace proxy {
namespace {

template <class N>
std::optional<double> number(N n) {
    return static_cast<double>(n);
}

constexpr std::array traffic_table{
    traffic_metric{"requests", "requests", [](traffic const& t) { return number(t.count()); }},
    traffic_metric{"hits", "requests", [](traffic const& t) { return number(t.count(outcome::hit)); }},
    traffic_metric{"misses", "requests", [](traffic const& t) { return number(t.count(outcome::miss)); }},
    traffic_metric{"collapsed", "requests", [](traffic const& t) { return number(t.count(outcome::collapsed)); }},
    traffic_metric{"stale", "requests", [](traffic const& t) { return number(t.count(outcome::stale)); }},
    traffic_metric{"errors", "requests", [](traffic const& t) { return number(t.count(outcome::error)); }},
    traffic_metric{"server_errors", "requests", [](traffic const& t) { return number(t.server_errors); }},
    traffic_metric{"hit_ratio", "ratio", [](traffic const& t) { return t.hit_ratio(); }},
    traffic_metric{"byte_hit_ratio", "ratio", [](traffic const& t) { return t.byte_hit_ratio(); }},
    traffic_metric{"bytes_served", "bytes", [](traffic const& t) { return number(t.bytes_served); }},
    traffic_metric{"bytes_from_cache", "bytes", [](traffic const& t) { return number(t.bytes_from_cache); }},
    traffic_metric{"bytes_from_upstream", "bytes", [](traffic const& t) { return number(t.bytes_from_upstream); }},
    traffic_metric{"bytes_pushed", "bytes", [](traffic const& t) { return number(t.bytes_pushed); }},
    traffic_metric{"bytes_saved", "bytes", [](traffic const& t) { return number(t.bytes_saved()); }},
    traffic_metric{"requests_saved", "requests", [](traffic const& t) { return number(t.requests_saved()); }},
    traffic_metric{"pulls_saved", "pulls", [](traffic const& t) { return number(t.pulls_saved); }},
    traffic_metric{"time_saved", "seconds",
                   [](traffic const& t) { return number(static_cast<double>(t.time_saved_us) / 1e6); }},
    traffic_metric{"money_saved", "currency",
                   [](traffic const& t) { return number(static_cast<double>(t.money_saved_nano) / 1e9); }},
    traffic_metric{"upstream_requests", "requests", [](traffic const& t) { return number(t.upstream_requests); }},
    traffic_metric{"upstream_errors", "requests", [](traffic const& t) { return number(t.upstream_errors); }},
    traffic_metric{"revalidations", "requests", [](traffic const& t) { return number(t.revalidations); }},
    traffic_metric{"revalidations_unchanged", "requests",
                   [](traffic const& t) { return number(t.revalidations_unchanged); }},
    traffic_metric{"returned_objects", "objects", [](traffic const& t) { return number(t.returned_objects); }},
    traffic_metric{"returned_bytes", "bytes", [](traffic const& t) { return number(t.returned_bytes); }},
    traffic_metric{"unstored", "requests", [](traffic const& t) { return number(t.unstored); }},
    traffic_metric{"integrity_failures", "objects", [](traffic const& t) { return number(t.integrity_failures); }},
    traffic_metric{"first_byte_p50", "seconds", [](traffic const& t) { return t.first_byte.quantile(0.5); }},
    traffic_metric{"first_byte_p95", "seconds", [](traffic const& t) { return t.first_byte.quantile(0.95); }},
    traffic_metric{"first_byte_p99", "seconds", [](traffic const& t) { return t.first_byte.quantile(0.99); }},
    traffic_metric{"total_p50", "seconds", [](traffic const& t) { return t.total.quantile(0.5); }},
    traffic_metric{"total_p95", "seconds", [](traffic const& t) { return t.total.quantile(0.95); }},
    traffic_metric{"total_p99", "seconds", [](traffic const& t) { return t.total.quantile(0.99); }},
    traffic_metric{"upstream_p50", "seconds", [](traffic const& t) { return t.upstream.quantile(0.5); }},
    traffic_metric{"upstream_p95", "seconds", [](traffic const& t) { return t.upstream.quantile(0.95); }},
    traffic_metric{"upstream_p99", "seconds", [](traffic const& t) { return t.upstream.quantile(0.99); }},
};

double bytes_of(store::gc_sum const& s) {
    return static_cast<double>(s.bytes);
}
double objects_of(store::gc_sum const& s) {
    return static_cast<double>(s.objects);
}

constexpr std::array storage_table{
    storage_metric{"store_bytes", "bytes", [](storage_sample const& s) { return static_cast<double>(s.disk_bytes); },
                   bytes_of},
    storage_metric{"store_objects", "objects", [](storage_sample const& s) { return static_cast<double>(s.objects); },
                   objects_of},
    storage_metric{"store_limit_bytes", "bytes",
                   [](storage_sample const& s) { return static_cast<double>(s.limit_bytes); }, nullptr},
    storage_metric{"store_logical_bytes", "bytes",
                   [](storage_sample const& s) { return static_cast<double>(s.logical_bytes); }, nullptr},
    storage_metric{"dedup_saved_bytes", "bytes",
                   [](storage_sample const& s) {
                       auto const saved = s.logical_bytes > s.content_bytes ? s.logical_bytes - s.content_bytes : 0;
                       return static_cast<double>(saved);
                   },
                   nullptr},
};

} // namespace

std::span<traffic_metric const> traffic_metrics() noexcept {
    return traffic_table;
}

std::span<storage_metric const> storage_metrics() noexcept {
    return storage_table;
}

bool each_part(storage_sample const& s, std::string_view by,
               std::function<void(std::string_view name, store::gc_sum const&)> const& visit) {
    if (by == "pool") {
        for (std::size_t i = 0; i < store::pool_count; ++i)
            visit(to_string(static_cast<store::pool>(i)), s.pools[i]);
        return true;
    }
    if (by != "origin" && by != "type")
        return false;
    for (std::size_t origin = 0; origin < store::object_origin_count; ++origin)
        for (std::size_t kind = 0; kind < store::object_kind_count; ++kind)
            visit(by == "origin" ? to_string(static_cast<store::object_origin>(origin))
                                 : to_string(static_cast<store::object_kind>(kind)),
                  s.contents[origin][kind]);
    return true;
}

} // namespace proxy
