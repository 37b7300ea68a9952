#include "bench/replay/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace replay {
namespace {

constexpr double gib = 1 << 30;
constexpr auto cell = "{:>16}";
constexpr auto label = "{:<24}";

double request_misses(report const& r, outcome const& o) {
    return static_cast<double>(o.misses) / static_cast<double>(r.summary.requests);
}

double byte_misses(report const& r, outcome const& o) {
    return static_cast<double>(o.missed_bytes) / static_cast<double>(std::max<std::uint64_t>(r.summary.bytes, 1));
}

double ratio(std::uint64_t a, std::uint64_t b) {
    return b == 0 ? 1 : static_cast<double>(a) / static_cast<double>(b);
}

outcome const& of(at_size const& s, contender c) {
    return s.outcomes[static_cast<std::size_t>(std::find(std::begin(all_contenders), std::end(all_contenders), c) -
                                               std::begin(all_contenders))];
}

// One line of the table, `text` giving what stands below each size.
template <class Text>
std::string line(report const& r, std::string_view name, Text text) {
    auto out = fmt::format(fmt::runtime(label), name);
    for (auto const& s : r.sizes)
        out += fmt::format(fmt::runtime(cell), text(s));
    return out + '\n';
}

std::string heading(report const& r) {
    auto const& s = r.summary;
    return fmt::format("{}: {} requests for {:.3f} TB; {} objects of {:.3f} TB, the footprint\n"
                       "layers and build cache: {:.1f} MB in the mean; beyond 64 MiB {:.1f} % of requests, {:.1f} % of "
                       "bytes; the top 1 % have {:.1f} % of requests\n"
                       "below 1 MiB: {:.1f} % of all requests, {:.2f} % of bytes\n\n",
                       r.title, s.requests, static_cast<double>(s.bytes) / 1e12, s.objects,
                       static_cast<double>(s.footprint) / 1e12, s.mean_layer / 1e6, s.large_requests * 100,
                       s.large_bytes * 100, s.top_percent * 100, s.small_requests * 100, s.small_bytes * 100);
}

} // namespace

std::string to_table(report const& r) {
    auto out = heading(r);
    out += line(r, "cache, of the footprint", [](auto const& s) { return fmt::format("{} %", s.percent); });
    out += line(r, "", [](auto const& s) { return fmt::format("{:.1f} GiB", static_cast<double>(s.bytes) / gib); });
    for (auto const c : all_contenders)
        out += line(r, to_string(c), [&](auto const& s) {
            return fmt::format("{:.3f}/{:.3f}", request_misses(r, of(s, c)), byte_misses(r, of(s, c)));
        });
    out += line(r, "layerd relative to lru", [&](auto const& s) {
        auto const &a = of(s, contender::layerd), &b = of(s, contender::lru);
        return fmt::format("{:.3f}/{:.3f}", ratio(a.misses, b.misses), ratio(a.missed_bytes, b.missed_bytes));
    });
    out += line(r, "layerd, requests/CPU s", [&](auto const& s) {
        return fmt::format("{:.1f} M", static_cast<double>(r.summary.requests) /
                                           std::max(of(s, contender::layerd).cpu_seconds, 1e-6) / 1e6);
    });
    return out + "\nEach cell: share of requests / share of bytes that missed, from an empty cache.\n\n";
}

std::string to_json(report const& r) {
    auto const& s = r.summary;
    auto out = fmt::format(R"({{"title":"{}","requests":{},"bytes":{},"objects":{},"footprint_bytes":{},)", r.title,
                           s.requests, s.bytes, s.objects, s.footprint);
    out += fmt::format(R"("mean_layer_bytes":{:.0f},"large_requests":{:.5f},"large_bytes":{:.5f},)", s.mean_layer,
                       s.large_requests, s.large_bytes);
    out += fmt::format(R"("top_percent_requests":{:.5f},"small_requests":{:.5f},"small_bytes":{:.5f},"sizes":[)",
                       s.top_percent, s.small_requests, s.small_bytes);
    for (auto const& size : r.sizes) {
        out += fmt::format(R"({}{{"percent":{},"bytes":{},"policies":{{)", &size == &r.sizes.front() ? "" : ",",
                           size.percent, size.bytes);
        for (auto const c : all_contenders) {
            auto const& o = of(size, c);
            out += fmt::format(R"({}"{}":{{"request_misses":{:.5f},"byte_misses":{:.5f},"cpu_seconds":{:.3f}}})",
                               c == all_contenders[0] ? "" : ",", to_string(c), request_misses(r, o), byte_misses(r, o),
                               o.cpu_seconds);
        }
        out += "}}";
    }
    return out + "]}\n";
}

} // namespace replay
