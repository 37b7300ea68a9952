#include "proxy/stats/traffic_json.h"

#include <cmath>

namespace proxy {
namespace {

namespace json = boost::json;

json::object quantiles(latency_histogram const& h) {
    return {{"p50", number_or_null(h.quantile(0.5))},
            {"p95", number_or_null(h.quantile(0.95))},
            {"p99", number_or_null(h.quantile(0.99))}};
}

} // namespace

json::value number_or_null(std::optional<double> n) {
    if (!n || !std::isfinite(*n))
        return nullptr;
    return *n;
}

json::object traffic_json(traffic const& t) {
    json::object requests;
    for (std::size_t o = 0; o < outcome_count; ++o)
        requests[to_string(static_cast<outcome>(o))] = t.count(static_cast<outcome>(o));
    return {{"requests", std::move(requests)},
            {"bytes",
             {{"served", t.bytes_served},
              {"from_cache", t.bytes_from_cache},
              {"from_upstream", t.bytes_from_upstream},
              {"pushed", t.bytes_pushed}}},
            {"hit_ratio", {{"requests", number_or_null(t.hit_ratio())}, {"bytes", number_or_null(t.byte_hit_ratio())}}},
            {"upstream",
             {{"requests", t.upstream_requests},
              {"errors", t.upstream_errors},
              {"revalidations", t.revalidations},
              {"revalidations_unchanged", t.revalidations_unchanged}}},
            {"returned", {{"objects", t.returned_objects}, {"bytes", t.returned_bytes}}},
            {"saved",
             {{"bytes", t.bytes_saved()},
              {"requests", t.requests_saved()},
              {"pulls", t.pulls_saved},
              {"seconds", static_cast<double>(t.time_saved_us) / 1e6},
              {"money", static_cast<double>(t.money_saved_nano) / 1e9}}},
            {"seconds",
             {{"first_byte", quantiles(t.first_byte)},
              {"total", quantiles(t.total)},
              {"upstream", quantiles(t.upstream)}}}};
}

} // namespace proxy
