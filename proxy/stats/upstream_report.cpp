#include "proxy/stats/upstream_report.h"

#include <algorithm>

namespace proxy {

namespace json = boost::json;

breaker_state breaker_of(std::vector<endpoint_report> const& endpoints) noexcept {
    auto const any = [&](breaker_state s) {
        return std::ranges::any_of(endpoints, [s](endpoint_report const& e) { return e.breaker == s; });
    };
    if (endpoints.empty() || any(breaker_state::closed))
        return breaker_state::closed;
    return any(breaker_state::half_open) ? breaker_state::half_open : breaker_state::open;
}

std::optional<pull_budget> budget_of(std::vector<endpoint_report> const& endpoints) {
    std::optional<pull_budget> least;
    for (auto const& e : endpoints)
        if (e.budget && (!least || e.budget->remaining < least->remaining))
            least = e.budget;
    return least;
}

json::object to_json(std::optional<pull_budget> const& budget) {
    if (!budget)
        return {{"limit", nullptr}, {"remaining", nullptr}};
    return {{"limit", budget->limit}, {"remaining", budget->remaining}, {"window_seconds", budget->window.count()}};
}

json::object to_json(endpoint_report const& e) {
    json::object o{{"url", e.url},
                   {"breaker", to_string(e.breaker)},
                   {"failures", e.failures},
                   {"limited_seconds", e.limited_for.count()},
                   {"ratelimit", to_json(e.budget)},
                   {"last_error", e.last_error},
                   {"body_failures", e.body_failures}};
    if (e.limited_by)
        o["limited"] = *e.limited_by == limit_kind::pulls ? "pulls" : "requests";
    return o;
}

} // namespace proxy
