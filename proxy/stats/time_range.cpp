// Times as people write them, and what of the history they can be asked for.
#include "proxy/config/config.h"
#include "proxy/stats/series_query.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

namespace proxy {
namespace {

constexpr std::size_t most_points = 11'000;
constexpr std::int64_t wanted_points = 300;
constexpr std::int64_t last_moment = 253402300799; // the end of the year 9999

std::optional<std::int64_t> parse_number(std::string_view text) {
    std::int64_t n = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (ec != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return n;
}

std::optional<std::int64_t> parse_calendar(std::string const& text) {
    std::tm t{};
    auto const* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &t);
    if (end == nullptr || *end != '\0')
        return std::nullopt;
    return std::max<std::int64_t>(::timegm(&t), 0); // nothing was recorded before
}

std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now) {
    if (text == "now")
        return now;
    if (auto const n = parse_number(text); n && *n >= 0)
        return *n <= last_moment ? n : std::nullopt;
    if (text.starts_with('-')) {
        auto const before = parse_duration(text.substr(1));
        return before && before->count() <= now ? std::optional(now - before->count()) : std::nullopt;
    }
    return parse_calendar(std::string(text));
}

query_result<std::int64_t> time_at(oci::query const& q, char const* name, std::int64_t unset, std::int64_t now) {
    auto const text = q.find(name);
    if (!text)
        return unset;
    if (auto const t = parse_time(*text, now))
        return *t;
    return fmt::format(
        "{} must be Unix seconds, a time such as 2026-11-26T18:00:00Z, \"now\", or a duration before now "
        "such as -24h",
        name);
}

// The finest resolution that reaches back to `from`. A minute's grace: by the time that the question arrives, "two days
// ago" is a little more.
resolution const& kept_at(std::int64_t from, std::int64_t now) {
    for (auto const& r : resolutions)
        if (from >= now - r.kept_for - 60)
            return r;
    return resolutions.back();
}

std::int64_t fitting_step(std::int64_t length, std::int64_t least) {
    for (std::int64_t const step : {60, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400})
        if (step >= least && length / step <= wanted_points)
            return step;
    return (length / wanted_points / 86400 + 1) * 86400;
}

query_result<std::int64_t> step_at(oci::query const& q, std::int64_t from, std::int64_t to, std::int64_t now) {
    auto const least = kept_at(from, now).seconds;
    auto const text = q.find("step");
    if (!text)
        return fitting_step(to - from, least);
    std::optional<std::int64_t> step;
    if (auto const d = parse_duration(*text))
        step = d->count();
    else if (auto const n = parse_number(*text))
        step = *n;
    if (!step || *step < 60 || *step % 60 != 0 || *step > resolutions.back().kept_for)
        return std::string("step must be a multiple of one minute, at most five years, such as 5m or 3600");
    if (*step % least != 0)
        return fmt::format("so far back only {} are kept: step must be a multiple of {}",
                           least == 3600 ? "hours" : "days", to_string(std::chrono::seconds(least)));
    return *step;
}

} // namespace

query_result<time_range> parse_range(oci::query const& q, std::int64_t now) {
    auto const from = time_at(q, "from", std::max<std::int64_t>(now - 86400, 0), now);
    if (!from)
        return from.error();
    auto const to = time_at(q, "to", now + 1, now); // the second under way counts
    if (!to)
        return to.error();
    if (*from >= *to)
        return std::string("from must be before to");
    auto const step = step_at(q, *from, *to, now);
    if (!step)
        return step.error();
    time_range r{*from - *from % *step, *to, *step};
    if (r.points() > most_points)
        return fmt::format("that would be {} points, of at most {}: a larger step or less time", r.points(),
                           most_points);
    return r;
}

} // namespace proxy
