#include "proxy/cli/report_markdown.h"

#include "proxy/cli/document_cells.h"
#include "proxy/cli/text_table.h"
#include "proxy/stats/units.h"

#include <boost/json/array.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

namespace proxy {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_text = 1000;

json::object const& object_at(json::object const& from, std::string_view name) {
    static json::object const none;
    auto const* found = find_object(from, {name});
    return found != nullptr ? *found : none;
}

// Names and words from a server, without a meaning to Markdown or HTML.
std::string plain(std::string_view text, std::size_t most = 200) {
    std::string out;
    for (auto const c : printable(text, most)) {
        if (c == '<')
            out += "&lt;";
        else if (c == '|' || c == '*' || c == '\\' || c == '`')
            (out += '\\') += c;
        else
            out += c;
    }
    return out;
}

std::string moment(json::object const& report, std::string_view name) {
    auto const t = number_at<std::int64_t>(report, {name});
    if (!t || *t < 0 || *t > 253402300799) // the end of the year 9999
        return "?";
    return fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(static_cast<std::time_t>(*t)));
}

std::string savings(json::object const& report, json::object const& total) {
    auto text = fmt::format("- **{}** of the requests for content were answered from the store, and {} of the bytes.\n"
                            "- **{}** of network traffic saved: {} served, {} fetched from upstream.\n"
                            "- **{}** requests to upstream saved, {} of them pulls that a rate limit counts.\n",
                            share_cell(total, {"hit_ratio", "requests"}), share_cell(total, {"hit_ratio", "bytes"}),
                            bytes_cell(total, {"saved", "bytes"}), bytes_cell(total, {"bytes", "served"}),
                            bytes_cell(total, {"bytes", "from_upstream"}), count_cell(total, {"saved", "requests"}),
                            count_cell(total, {"saved", "pulls"}));
    if (auto const s = number_at<double>(total, {"saved", "seconds"}); s && *s >= 1 && *s < 1e15)
        text += fmt::format("- **{}** of waiting saved, all clients together.\n",
                            human_duration(static_cast<std::int64_t>(*s)));
    if (auto const money = number_at<double>(total, {"saved", "money"}); money && *money != 0)
        text += fmt::format("- **{:.2f} {}** saved.\n", *money, plain(text_at(report, {"currency"})));
    auto const limit = number_at<std::int64_t>(report, {"store", "limit_bytes"}).value_or(0);
    text += fmt::format("- **{}** stored now{}.\n", bytes_cell(report, {"store", "disk_bytes"}),
                        limit > 0 ? " of " + human_bytes(limit) : "");
    return text;
}

std::string table(json::object const& report, std::string_view field, std::string_view title) {
    auto const* list = find_field(report, {field});
    if (list == nullptr || !list->is_array() || list->get_array().empty())
        return "";
    auto text = fmt::format("\n## {}\n\n| | requests | hit ratio | served | saved | errors | p95 |\n"
                            "|---|--:|--:|--:|--:|--:|--:|\n",
                            title);
    for (auto const& value : list->get_array()) {
        if (!value.is_object())
            continue;
        auto const& r = value.get_object();
        text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", plain(text_at(r, {"name"})), requests_cell(r),
                            share_cell(r, {"hit_ratio", "requests"}), bytes_cell(r, {"bytes", "served"}),
                            bytes_cell(r, {"saved", "bytes"}), count_cell(r, {"requests", "error"}),
                            latency_cell(r, {"seconds", "total", "p95"}));
    }
    return text;
}

std::string suggestions(json::object const& report) {
    std::string text = "\n## Suggestions\n\n";
    auto const* list = find_field(report, {"suggestions"});
    if (list == nullptr || !list->is_array() || list->get_array().empty())
        return text + "None: nothing in these figures asks for a change.\n";
    for (auto const& value : list->get_array())
        if (value.is_object())
            text += fmt::format("- **{}**: {}\n", plain(text_at(value.get_object(), {"topic"})),
                                plain(text_at(value.get_object(), {"text"}), longest_text));
    return text;
}

} // namespace

std::string report_markdown(json::object const& report) {
    return fmt::format("# layerd, {} to {} UTC\n\n", moment(report, "from"), moment(report, "to")) +
           savings(report, object_at(report, "total")) + table(report, "upstreams", "Upstreams") +
           table(report, "repositories", "Repositories") + table(report, "clients", "Clients") + suggestions(report);
}

} // namespace proxy
