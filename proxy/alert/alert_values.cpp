#include "proxy/alert/alert_values.h"

#include "proxy/stats/upstream_report.h"

#include <algorithm>
#include <system_error>

namespace proxy {
namespace {

std::uint64_t content_requests(traffic const& t) {
    return t.count(outcome::hit) + t.count(outcome::stale) + t.count(outcome::miss) + t.count(outcome::collapsed);
}

bool has_answered(std::vector<endpoint_report> const& endpoints) {
    return std::ranges::any_of(endpoints, [](endpoint_report const& e) { return e.has_answered; });
}

} // namespace

// Whole minutes, so that what a minute's row tells is in it or not.
std::optional<traffic> alert_values::recent(alert_config const& c, std::int64_t now) const {
    traffic sum;
    auto const from = now - c.over.count();
    auto const add = [&](std::int64_t, std::string_view, traffic const& t) {
        sum += t;
        return true;
    };
    if (auto read = past_.read(dimension::all, from - from % 60, now + 1, 60, add); !read)
        return std::nullopt;
    return sum;
}

std::optional<double> alert_values::ratio(alert_config const& c, std::int64_t now) const {
    auto const t = recent(c, now);
    if (!t || content_requests(*t) + t->count(outcome::error) < std::max<std::uint64_t>(c.min_requests, 1))
        return std::nullopt;
    if (c.metric == alert_metric::hit_ratio)
        return t->hit_ratio();
    if (c.metric == alert_metric::byte_hit_ratio)
        return t->byte_hit_ratio();
    auto const errors = static_cast<double>(t->server_errors); // not those that are a client's fault
    auto const all = static_cast<double>(content_requests(*t)) + errors;
    return all > 0 ? std::optional(errors / all) : std::nullopt;
}

std::optional<double> alert_values::disk_free() const {
    std::error_code ec;
    auto const space = std::filesystem::space(store_, ec);
    if (ec || space.capacity == 0)
        return std::nullopt;
    return static_cast<double>(space.available) / static_cast<double>(space.capacity);
}

std::optional<double> alert_values::rate_budget() const {
    std::optional<double> least;
    for (auto const& [name, endpoints] : upstreams_.endpoints())
        if (auto const b = budget_of(endpoints); b && b->limit > 0) {
            auto const share = static_cast<double>(b->remaining) / static_cast<double>(b->limit);
            least = std::min(least.value_or(share), share);
        }
    return least;
}

std::vector<std::string> alert_values::open_upstreams() const {
    std::vector<std::string> open;
    for (auto const& [name, endpoints] : upstreams_.endpoints())
        if (breaker_of(endpoints) != breaker_state::closed ||
            (!has_answered(endpoints) && std::ranges::find(were_open_, name) != were_open_.end()))
            open.push_back(name);
    return open;
}

std::optional<double> alert_values::value(alert_config const& c, std::int64_t now) const {
    switch (c.metric) {
    case alert_metric::hit_ratio:
    case alert_metric::byte_hit_ratio:
    case alert_metric::error_ratio:
        return ratio(c, now);
    case alert_metric::upstream_open:
        return static_cast<double>(open_upstreams().size());
    case alert_metric::rate_budget:
        return rate_budget();
    case alert_metric::disk_free:
        return disk_free();
    case alert_metric::unstored:
    case alert_metric::integrity_failures:
        break;
    }
    auto const t = recent(c, now);
    if (!t)
        return std::nullopt;
    return static_cast<double>(c.metric == alert_metric::unstored ? t->unstored : t->integrity_failures);
}

} // namespace proxy
