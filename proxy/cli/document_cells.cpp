#include "proxy/cli/document_cells.h"

#include "proxy/stats/units.h"

#include <fmt/format.h>

namespace proxy {
namespace {

constexpr std::string_view unknown = "-";

} // namespace

std::string count_cell(boost::json::object const& from, field_path names) {
    auto const n = number_at<std::int64_t>(from, names);
    return n ? grouped(*n) : std::string(unknown);
}

std::string bytes_cell(boost::json::object const& from, field_path names) {
    auto const n = number_at<std::int64_t>(from, names);
    return n ? human_bytes(*n) : std::string(unknown);
}

std::string share_cell(boost::json::object const& from, field_path names) {
    auto const n = number_at<double>(from, names);
    return n ? percent(*n) : std::string(unknown);
}

std::string latency_cell(boost::json::object const& from, field_path names) {
    auto const s = number_at<double>(from, names);
    if (!s)
        return std::string(unknown);
    return *s < 1 ? fmt::format("{:.1f} ms", *s * 1000) : fmt::format("{:.1f} s", *s);
}

std::string requests_cell(boost::json::object const& row) {
    std::int64_t all = 0;
    if (auto const* outcomes = find_object(row, {"requests"}))
        for (auto const& [name, n] : *outcomes)
            all += count_at(*outcomes, name);
    return grouped(all);
}

} // namespace proxy
