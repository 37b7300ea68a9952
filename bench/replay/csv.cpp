#include "bench/replay/csv.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <array>
#include <charconv>
#include <istream>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace replay {
namespace {

using store::object_kind;

constexpr std::string_view header = "time_s,object_id,size_bytes,kind";
constexpr auto most = std::numeric_limits<std::uint32_t>::max();
constexpr std::array kinds{std::pair{object_kind::manifest, "manifest"}, std::pair{object_kind::config, "config"},
                           std::pair{object_kind::layer, "layer"}, std::pair{object_kind::cache_blob, "cache"}};

std::string_view name_of(object_kind k) {
    for (auto const& [kind, name] : kinds)
        if (kind == k)
            return name;
    return "layer";
}

std::optional<object_kind> kind_of(std::string_view text) {
    for (auto const& [kind, name] : kinds)
        if (text == name)
            return kind;
    return std::nullopt;
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
    Number n{};
    auto const end = text.data() + text.size();
    auto const [at, error] = std::from_chars(text.data(), end, n);
    return error == std::errc{} && at == end ? std::optional(n) : std::nullopt;
}

std::optional<std::array<std::string_view, 4>> columns_of(std::string_view line) {
    std::array<std::string_view, 4> columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        auto const comma = line.find(',');
        if ((comma == line.npos) != (i + 1 == columns.size()))
            return std::nullopt;
        columns[i] = line.substr(0, comma);
        line.remove_prefix(comma == line.npos ? line.size() : comma + 1);
    }
    return columns;
}

class reader {
public:
    void add(std::string_view line) { // throws what is wrong with it
        auto const columns = columns_of(line);
        if (!columns)
            throw std::runtime_error(fmt::format("not the four columns {}", header));
        auto const& [time, name, size, kind] = *columns;
        auto const seconds = time_of(time);
        auto const bytes = number_of<std::uint64_t>(size);
        if (!bytes || *bytes > std::numeric_limits<std::int64_t>::max())
            throw std::runtime_error(fmt::format("\"{}\" is not a size in bytes", size));
        auto const k = kind_of(kind);
        if (!k)
            throw std::runtime_error(fmt::format("\"{}\" is none of manifest, config, layer and cache", kind));
        if (name.empty())
            throw std::runtime_error("the object has no name");
        if (trace_.requests.size() == most)
            throw std::runtime_error("more requests than can be replayed");
        trace_.requests.push_back({.time = static_cast<float>(seconds), .id = find(name, *bytes, *k)});
    }

    trace take() { return std::move(trace_); }

private:
    double time_of(std::string_view text) {
        auto const seconds = number_of<double>(text);
        if (!seconds || !(*seconds >= 0 && *seconds < 1e12))
            throw std::runtime_error(fmt::format("\"{}\" is not a time in seconds", text));
        if (*seconds < latest_)
            throw std::runtime_error(fmt::format("{} is before the time of the line before, {}", text, latest_));
        return latest_ = *seconds;
    }

    object_id find(std::string_view name, std::uint64_t bytes, object_kind kind) {
        auto const next = static_cast<object_id>(trace_.objects.size());
        auto const [at, added] = ids_.try_emplace(std::string(name), next);
        if (added)
            trace_.objects.push_back({.size = bytes, .kind = kind});
        else if (auto const& o = trace_.objects[at->second]; o.size != bytes)
            throw std::runtime_error(fmt::format("\"{}\" had {} bytes before, not {}", name, o.size, bytes));
        return at->second;
    }

    trace trace_;
    std::unordered_map<std::string, object_id> ids_;
    double latest_ = 0;
};

} // namespace

trace read_csv(std::istream& in, std::string const& name) {
    reader r;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        if (line.ends_with('\r'))
            line.pop_back();
        if (number == 1 && line == header)
            continue;
        try {
            r.add(line);
        } catch (std::runtime_error const& e) {
            throw std::runtime_error(fmt::format("{}:{}: {}", name, number, e.what()));
        }
    }
    if (in.bad())
        throw std::runtime_error(fmt::format("{}: cannot be read", name));
    auto t = r.take();
    if (t.requests.empty())
        throw std::runtime_error(fmt::format("{}:1: there are no requests", name));
    return t;
}

void write_csv(std::ostream& out, trace const& t) {
    fmt::print(out, "{}\n", header);
    for (auto const& r : t.requests) {
        auto const& o = t.objects[r.id];
        fmt::print(out, "{:.3f},{},{},{}\n", r.time, r.id, o.size, name_of(o.kind));
    }
}

} // namespace replay
