#include "proxy/stats/storage_sample.h"

#include "store/byte_codec.h"

namespace proxy {
namespace {

// Every number in the order in which rows have them. It is on people's disks: add at the end, never change.
template <class Sample, class Visit>
void each_number(Sample& s, Visit const& visit) {
    for (auto* n : {&s.disk_bytes, &s.limit_bytes, &s.objects, &s.content_bytes, &s.logical_bytes})
        visit(*n);
    for (auto& pool : s.pools) {
        visit(pool.objects);
        visit(pool.bytes);
    }
    for (auto& of_origin : s.contents)
        for (auto& of_kind : of_origin) {
            visit(of_kind.objects);
            visit(of_kind.bytes);
        }
}

} // namespace

storage_sample sample_of(store::usage const& u) {
    return {u.disk_bytes, u.limit_bytes, u.objects, u.content_bytes, u.logical_bytes, u.pools, u.contents};
}

std::string encode(storage_sample const& s) {
    store::byte_writer w;
    each_number(s, [&](std::uint64_t n) { w.number(n); });
    return w.take();
}

std::optional<storage_sample> decode_storage_sample(std::string_view bytes) {
    store::byte_reader r(bytes);
    storage_sample s;
    each_number(s, [&](auto& n) { n = r.at_end() ? 0 : r.number(); });
    if (!r.ok())
        return std::nullopt;
    return s;
}

} // namespace proxy
