#include "proxy/alert/alert_values.h"

#include "proxy/stats/upstream_report.h"

#include <algorithm>
#include <system_error>

namespace proxy {

double alert_values::growth::within(std::uint64_t total, std::int64_t seconds, std::int64_t now) {
    constexpr std::int64_t apart = 60, longest = 48 * 3600;
    if (seen_.empty() || now >= seen_.back().first + apart || now < seen_.back().first) {
        if (!seen_.empty() && now < seen_.back().first)
            seen_.clear(); // the clock was set back
        seen_.emplace_back(now, total);
    }
    while (seen_.size() > 1 && seen_[1].first <= now - longest)
        seen_.pop_front();
    // The latest that is old enough, else the oldest there is: what was before this process does not count.
    auto const after = std::upper_bound(seen_.begin(), seen_.end(), now - seconds,
                                        [](std::int64_t t, auto const& s) { return t < s.first; });
    auto const from = after == seen_.begin() ? after : after - 1;
    return static_cast<double>(total - std::min(total, from->second));
}

std::optional<traffic> alert_values::recent(alert_config const& c, std::int64_t now) const {
    traffic sum;
    auto const from = now - c.over.count();
    auto const add = [&](std::int64_t, std::string_view, traffic const& t) {
        sum += t;
        return true;
    };
    if (auto read = past_.read(dimension::all, from - from % 60, now + 1, 60, add); !read)
        return std::nullopt;
    auto const asked = sum.count(outcome::hit) + sum.count(outcome::stale) + sum.count(outcome::miss) +
                       sum.count(outcome::collapsed) + sum.count(outcome::error);
    return asked >= std::max<std::uint64_t>(c.min_requests, 1) ? std::optional(sum) : std::nullopt;
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

double alert_values::open_upstreams() const {
    double n = 0;
    for (auto const& [name, endpoints] : upstreams_.endpoints())
        n += breaker_of(endpoints) == breaker_state::closed ? 0 : 1;
    return n;
}

std::optional<double> alert_values::value(alert_config const& c, std::int64_t now) {
    switch (c.metric) {
    case alert_metric::hit_ratio: {
        auto const t = recent(c, now);
        return t ? t->hit_ratio() : std::nullopt;
    }
    case alert_metric::byte_hit_ratio: {
        auto const t = recent(c, now);
        return t ? t->byte_hit_ratio() : std::nullopt;
    }
    case alert_metric::error_ratio: {
        auto const t = recent(c, now);
        if (!t)
            return std::nullopt;
        auto const errors = static_cast<double>(t->server_errors);
        auto const all = static_cast<double>(t->count(outcome::hit) + t->count(outcome::stale) +
                                             t->count(outcome::miss) + t->count(outcome::collapsed)) +
                         errors;
        return all > 0 ? std::optional(errors / all) : std::nullopt;
    }
    case alert_metric::upstream_open:
        return open_upstreams();
    case alert_metric::rate_budget:
        return rate_budget();
    case alert_metric::disk_free:
        return disk_free();
    case alert_metric::unstored:
        return unstored_.within(counts_.since_start().unstored, c.over.count(), now);
    case alert_metric::integrity_failures: {
        auto const r = integrity_.report();
        return failures_.within(r.failures + r.scrub.rotten, c.over.count(), now);
    }
    }
    return std::nullopt;
}

} // namespace proxy
