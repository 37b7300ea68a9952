#include "bench/replay/trace.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace replay {
namespace {

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

} // namespace

trace_summary summarise(trace const& t) {
    trace_summary s{.requests = t.requests.size(), .objects = t.objects.size()};
    std::uint64_t layers = 0, layer_bytes = 0, large = 0, large_bytes = 0, small = 0, small_bytes = 0;
    std::vector<std::uint64_t> uses(t.objects.size());
    for (auto const& r : t.requests) {
        auto const& o = t.objects[r.id];
        s.bytes += o.size;
        if (o.size < 1 << 20)
            ++small, small_bytes += o.size;
        if (o.kind != store::object_kind::layer && o.kind != store::object_kind::cache_blob)
            continue;
        ++layers, layer_bytes += o.size, ++uses[r.id];
        if (o.size > 64 << 20)
            ++large, large_bytes += o.size;
    }
    for (auto const& o : t.objects)
        s.footprint += o.size;
    std::erase(uses, 0);
    std::sort(uses.begin(), uses.end(), std::greater<>());
    auto const top = uses.begin() + static_cast<std::ptrdiff_t>(uses.size() / 100);
    s.mean_layer = share(layer_bytes, layers);
    s.large_requests = share(large, layers);
    s.large_bytes = share(large_bytes, layer_bytes);
    s.top_percent = share(std::accumulate(uses.begin(), top, std::uint64_t{0}), layers);
    s.small_requests = share(small, s.requests);
    s.small_bytes = share(small_bytes, s.bytes);
    return s;
}

} // namespace replay
