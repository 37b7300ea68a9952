#include "proxy/cli/window_table.h"

#include "proxy/cli/document_cells.h"
#include "proxy/cli/text_table.h"
#include "proxy/json_fields.h"
#include "proxy/stats/units.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace proxy {
namespace {

namespace json = boost::json;

std::string requests(json::object const& total) {
    text_table t;
    t.row({"requests", "hit", "miss", "collapsed", "stale", "error"});
    auto const cell = [&](std::string_view outcome) { return count_cell(total, {"requests", outcome}); };
    t.row({"", cell("hit"), cell("miss"), cell("collapsed"), cell("stale"), cell("error")});
    return t.text();
}

std::string transfer(window_view const& v, json::object const& total) {
    text_table t(2);
    t.row({"hit ratio", share_cell(total, {"hit_ratio", "requests"}), "of requests " + sparkline(v.hit_ratio)});
    t.row({"", share_cell(total, {"hit_ratio", "bytes"}), "of bytes"});
    t.row({"served", bytes_cell(total, {"bytes", "served"})});
    t.row({"from upstream", bytes_cell(total, {"bytes", "from_upstream"}),
           fmt::format("in {} requests, {} failed", count_cell(total, {"upstream", "requests"}),
                       count_cell(total, {"upstream", "errors"}))});
    if (number_at<std::int64_t>(total, {"bytes", "pushed"}).value_or(0) > 0)
        t.row({"pushed", bytes_cell(total, {"bytes", "pushed"})});
    return t.text();
}

std::string savings(window_view const& v, json::object const& total) {
    text_table t(2);
    t.row({"saved", bytes_cell(total, {"saved", "bytes"}), "of network traffic"});
    t.row({"", count_cell(total, {"saved", "requests"}), "requests to upstream"});
    if (number_at<std::int64_t>(total, {"saved", "pulls"}).value_or(0) > 0)
        t.row({"", count_cell(total, {"saved", "pulls"}), "pulls of a rate limit"});
    if (auto const s = number_at<double>(total, {"saved", "seconds"}); s && *s >= 1)
        t.row({"", human_duration(static_cast<std::int64_t>(*s)), "of waiting, all clients together"});
    if (auto const money = number_at<double>(total, {"saved", "money"}); money && *money != 0)
        t.row({"", fmt::format("{:.2f}", *money), printable(v.currency)});
    return t.text();
}

std::string latencies(json::object const& total) {
    text_table t;
    t.row({"latency", "p50", "p95", "p99"});
    for (auto const& [name, key] :
         {std::pair{"  first byte", "first_byte"}, {"  whole answer", "total"}, {"  upstream", "upstream"}})
        t.row({name, latency_cell(total, {"seconds", key, "p50"}), latency_cell(total, {"seconds", key, "p95"}),
               latency_cell(total, {"seconds", key, "p99"})});
    return t.text();
}

std::string rows(json::object const& window) {
    auto const* list = find_field(window, {"rows"});
    if (list == nullptr || !list->is_array())
        return "";
    text_table t;
    t.row({printable(text_at(window, {"by"})), "requests", "hit ratio", "served", "saved", "errors", "p95"});
    for (auto const& value : list->get_array()) {
        static json::object const none;
        auto const& r = value.is_object() ? value.get_object() : none;
        t.row({"  " + printable(text_at(r, {"name"})), requests_cell(r), share_cell(r, {"hit_ratio", "requests"}),
               bytes_cell(r, {"bytes", "served"}), bytes_cell(r, {"saved", "bytes"}),
               count_cell(r, {"requests", "error"}), latency_cell(r, {"seconds", "total", "p95"})});
    }
    return t.text();
}

std::vector<std::optional<double>> first_values(json::object const& series) {
    std::vector<std::optional<double>> found;
    auto const* list = find_field(series, {"series"});
    if (list == nullptr || !list->is_array() || list->get_array().empty() || !list->get_array()[0].is_object())
        return found;
    auto const* values = find_field(list->get_array()[0].get_object(), {"values"});
    if (values == nullptr || !values->is_array())
        return found;
    for (auto const& v : values->get_array()) {
        boost::system::error_code ec;
        auto const n = v.is_number() ? v.to_number<double>(ec) : std::nan("");
        found.push_back(std::isfinite(n) ? std::optional(std::clamp(n, 0.0, 1.0)) : std::nullopt);
    }
    return found;
}

std::optional<double> mean(std::vector<std::optional<double>> const& of, std::size_t from, std::size_t to) {
    double sum = 0;
    std::size_t n = 0;
    for (auto i = from; i < to; ++i)
        if (of[i]) {
            sum += *of[i];
            ++n;
        }
    return n > 0 ? std::optional(sum / static_cast<double>(n)) : std::nullopt;
}

} // namespace

std::string sparkline(json::object const& series, std::size_t width) {
    constexpr std::array bars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    auto const values = first_values(series);
    auto const places = std::min(width, values.size());
    std::string line;
    for (std::size_t i = 0; i < places; ++i) {
        auto const m = mean(values, i * values.size() / places, (i + 1) * values.size() / places);
        line += m ? bars[std::min<std::size_t>(static_cast<std::size_t>(*m * bars.size()), bars.size() - 1)] : " ";
    }
    return line;
}

std::string window_table(window_view const& v, std::string_view from) {
    static json::object const none;
    auto const* found = find_object(v.window, {"total"});
    auto const& total = found != nullptr ? *found : none;
    auto const text = fmt::format("layerd at {}, the last {}\n\n", from, printable(v.since)) + requests(total) + '\n' +
                      transfer(v, total) + '\n' + savings(v, total) + '\n' + latencies(total);
    auto const lines = rows(v.window);
    return lines.empty() ? text : text + '\n' + lines;
}

} // namespace proxy
