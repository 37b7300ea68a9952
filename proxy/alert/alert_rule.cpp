#include "proxy/alert/alert_rule.h"

#include "proxy/stats/units.h"

#include <fmt/format.h>

#include <cmath>

namespace proxy {
namespace {

std::string shown(alert_metric m, double value) {
    return unit_of(m) == "ratio" ? percent(value) : grouped(std::llround(value));
}

} // namespace

std::string_view to_string(alert_metric m) noexcept {
    switch (m) {
    case alert_metric::hit_ratio:
        return "hit_ratio";
    case alert_metric::byte_hit_ratio:
        return "byte_hit_ratio";
    case alert_metric::error_ratio:
        return "error_ratio";
    case alert_metric::upstream_open:
        return "upstream_open";
    case alert_metric::rate_budget:
        return "rate_budget";
    case alert_metric::disk_free:
        return "disk_free";
    case alert_metric::unstored:
        return "unstored";
    case alert_metric::integrity_failures:
        return "integrity_failures";
    }
    return "";
}

std::string_view unit_of(alert_metric m) noexcept {
    switch (m) {
    case alert_metric::hit_ratio:
    case alert_metric::byte_hit_ratio:
    case alert_metric::error_ratio:
    case alert_metric::rate_budget:
    case alert_metric::disk_free:
        return "ratio";
    case alert_metric::upstream_open:
    case alert_metric::unstored:
    case alert_metric::integrity_failures:
        break;
    }
    return "count";
}

std::string_view to_string(alert_state s) noexcept {
    switch (s) {
    case alert_state::quiet:
        return "quiet";
    case alert_state::pending:
        return "pending";
    case alert_state::firing:
        return "firing";
    }
    return "";
}

std::string describe(alert_config const& c, double value) {
    auto text = fmt::format("{} is {}, {} {}", to_string(c.metric), shown(c.metric, value), c.below ? "below" : "above",
                            shown(c.metric, c.below ? *c.below : *c.above));
    if (c.hold.count() > 0)
        text += " for " + to_string(c.hold);
    return text;
}

bool alert_rule::is_bad(double value) const noexcept {
    return config_.below ? value < *config_.below : value > *config_.above;
}

void alert_rule::become(alert_state s, std::int64_t now) noexcept {
    status_.state = s;
    status_.since = now;
}

alert_message alert_rule::message(bool resolved, double value, std::int64_t now) const {
    auto text = resolved ? fmt::format("{}: all right again, {} is {}", config_.name, to_string(config_.metric),
                                       shown(config_.metric, value))
                         : fmt::format("{}: {}", config_.name, describe(config_, value));
    return {resolved, config_.name, std::move(text), now, value};
}

std::optional<alert_message> alert_rule::update(std::optional<double> value, std::int64_t now) {
    if (!value) {
        if (status_.state == alert_state::pending)
            become(alert_state::quiet, now); // a night without a request is no ten minutes of misses
        return std::nullopt;
    }
    status_.value = value;
    if (!is_bad(*value)) {
        bool const was_firing = status_.state == alert_state::firing;
        if (status_.state != alert_state::quiet)
            become(alert_state::quiet, now);
        return was_firing ? std::optional(message(true, *value, now)) : std::nullopt;
    }
    if (status_.state == alert_state::quiet)
        become(alert_state::pending, now);
    if (now < status_.since) // the clock was set back: the time counts from here
        status_.since = now;
    if (status_.state == alert_state::firing || now - status_.since < config_.hold.count())
        return std::nullopt;
    become(alert_state::firing, now);
    return message(false, *value, now);
}

} // namespace proxy
