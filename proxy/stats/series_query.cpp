#include "proxy/stats/series_query.h"

#include "proxy/stats/series_metric.h"
#include "proxy/stats/traffic_json.h"
#include "proxy/stats/window_sums.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace proxy {
namespace {

namespace json = boost::json;

constexpr std::size_t most_names = 100;
constexpr std::size_t most_cells = 20'000; // points of all names together, each with a histogram while it is made

using points = std::vector<std::optional<double>>;

query_result<std::size_t> limit_of(oci::query const& q) {
    std::size_t n = 10;
    auto const text = q.find("limit").value_or("10");
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (ec != std::errc{} || end != text.data() + text.size() || n < 1 || n > most_names)
        return fmt::format("limit must be a number from 1 to {}", most_names);
    return n;
}

query_result<dimension> dimension_in(oci::query const& q) {
    auto const by = q.find("by").value_or("");
    if (by.empty())
        return dimension::all;
    if (auto const d = dimension_of(by); d && *d != dimension::all)
        return *d;
    return std::string("by must be upstream, repository or client");
}

json::object one_series(std::string_view name, points const& values) {
    json::array list;
    for (auto const& v : values)
        list.push_back(number_or_null(v));
    return {{"name", name}, {"values", std::move(list)}};
}

json::object answer(std::string_view metric, std::string_view unit, std::string_view by, time_range const& r,
                    json::array series) {
    json::array times;
    for (auto t = r.from; t < r.to; t += r.step)
        times.push_back(t);
    return {{"metric", metric}, {"unit", unit},   {"by", by},       {"from", r.from},
            {"to", r.to},       {"step", r.step}, {"times", times}, {"series", series}};
}

// When something ran at all: there, a name without a row had no traffic.
query_result<std::vector<bool>> running(history const& h, time_range const& r) {
    std::vector<bool> ran(r.points());
    auto const note = [&](std::int64_t time, std::string_view, traffic const&) {
        ran[static_cast<std::size_t>((time - r.from) / r.step)] = true;
        return true;
    };
    if (auto done = read_traffic(h, dimension::all, r, note); !done)
        return done.error();
    return ran;
}

query_result<std::vector<std::string>> shown_names(history const& h, dimension d, time_range const& r,
                                                   traffic_metric const& m, std::size_t limit) {
    if (d == dimension::all)
        return std::vector<std::string>{""};
    auto sum = sum_up(h, d, r);
    if (!sum)
        return sum.error();
    bool const is_sum = m.unit != "ratio" && m.unit != "seconds"; // else the busiest are shown
    auto const size = [&](traffic const& t) {
        return is_sum ? m.value(t).value_or(0) : static_cast<double>(t.count());
    };
    std::vector<std::string> names;
    for (auto const& [name, t] : ranked(*sum, size))
        if (name != traffic_by_name::other && names.size() < limit)
            names.push_back(name);
    if (sum->size() > names.size())
        names.emplace_back(traffic_by_name::other);
    return names;
}

query_result<json::object> traffic_series(history const& h, traffic_metric const& m, oci::query const& q,
                                          time_range const& r) {
    auto const d = dimension_in(q);
    if (!d)
        return d.error();
    auto const limit = limit_of(q);
    if (!limit)
        return limit.error();
    if (*d != dimension::all && r.points() * *limit > most_cells)
        return fmt::format("{} points of {} names are too many: a larger step, less time or a smaller limit",
                           r.points(), *limit);
    auto const ran = running(h, r);
    if (!ran)
        return ran.error();
    auto const names = shown_names(h, *d, r, m, *limit);
    if (!names)
        return names.error();
    std::map<std::string, std::vector<traffic>, std::less<>> cells;
    for (auto const& name : *names)
        cells.emplace(name, r.points());
    auto const add = [&](std::int64_t time, std::string_view name, traffic const& t) {
        auto at = cells.find(name);
        if (at == cells.end())
            at = cells.find(traffic_by_name::other);
        if (at != cells.end())
            at->second[static_cast<std::size_t>((time - r.from) / r.step)] += t;
        return true;
    };
    if (auto done = read_traffic(h, *d, r, add); !done)
        return done.error();
    json::array series;
    for (auto const& name : *names) {
        points values;
        for (std::size_t i = 0; i < ran->size(); ++i)
            values.push_back((*ran)[i] ? m.value(cells[name][i]) : std::nullopt);
        series.push_back(one_series(name, values));
    }
    return answer(m.name, m.unit, q.find("by").value_or(""), r, std::move(series));
}

query_result<json::object> storage_series(history const& h, storage_metric const& m, oci::query const& q,
                                          time_range const& r) {
    auto const by = q.find("by").value_or("");
    bool const divided = m.part != nullptr && each_part({}, by, [](auto, auto const&) {});
    if (!by.empty() && !divided)
        return m.part == nullptr ? fmt::format("{} is of the store as a whole: by nothing", m.name)
                                 : fmt::format("by must be pool, origin or type where metric is {}", m.name);
    std::vector<std::optional<storage_sample>> samples(r.points());
    auto const note = [&](std::int64_t time, storage_sample const& s) {
        samples[static_cast<std::size_t>((time - r.from) / r.step)] = s; // the last of each interval stays
        return true;
    };
    if (auto done = h.read_storage(r.from, r.to, r.step, note); !done)
        return done.error().message;
    std::map<std::string, points, std::less<>> all;
    if (divided)
        each_part({}, by, [&](std::string_view name, auto const&) { all.try_emplace(std::string(name), r.points()); });
    else
        all.try_emplace("", r.points());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        if (!samples[i])
            continue;
        if (!divided)
            all[""][i] = m.value(*samples[i]);
        each_part(*samples[i], by, [&](std::string_view name, store::gc_sum const& part) {
            auto& value = all.find(name)->second[i];
            value = value.value_or(0) + m.part(part);
        });
    }
    json::array series;
    for (auto const& [name, values] : all)
        series.push_back(one_series(name, values));
    return answer(m.name, m.unit, by, r, std::move(series));
}

std::string unknown_metric() {
    std::string all;
    for (auto const name : metric_names())
        all += (all.empty() ? "" : ", ") + std::string(name);
    return "metric must be one of " + all;
}

} // namespace

std::vector<std::string_view> metric_names() {
    std::vector<std::string_view> names;
    for (auto const& m : traffic_metrics())
        names.push_back(m.name);
    for (auto const& m : storage_metrics())
        names.push_back(m.name);
    return names;
}

query_result<json::object> series(history const& h, oci::query const& q, std::int64_t now) {
    auto const range = parse_range(q, now);
    if (!range)
        return range.error();
    auto const wanted = q.find("metric").value_or("");
    for (auto const& m : traffic_metrics())
        if (m.name == wanted)
            return traffic_series(h, m, q, *range);
    for (auto const& m : storage_metrics())
        if (m.name == wanted)
            return storage_series(h, m, q, *range);
    return unknown_metric();
}

query_result<json::object> window(history const& h, oci::query const& q, std::int64_t now, std::string_view currency) {
    auto range = parse_range(q, now);
    if (!range)
        return range.error();
    auto const d = dimension_in(q);
    if (!d)
        return d.error();
    auto const limit = limit_of(q);
    if (!limit)
        return limit.error();
    auto const total = sum_up_all(h, *range);
    if (!total)
        return total.error();
    json::object out{{"from", range->from},
                     {"to", range->to},
                     {"by", q.find("by").value_or("")},
                     {"currency", currency},
                     {"total", traffic_json(*total)}};
    if (*d == dimension::all)
        return out;
    auto sum = sum_up(h, *d, *range);
    if (!sum)
        return sum.error();
    out["rows"] = rows_json(*std::move(sum), *limit);
    return out;
}

} // namespace proxy
