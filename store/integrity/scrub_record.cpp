#include "store/integrity/scrub_record.h"

#include "store/byte_codec.h"

namespace store {
namespace {

constexpr std::uint8_t version_1 = 1;

} // namespace

std::string encode(scrub_record const& r) {
    byte_writer to;
    to.byte(version_1);
    to.text(r.position);
    auto const& c = r.counters;
    for (auto const n : {c.objects_checked, c.bytes_checked, c.rotten, c.sums_rewritten, c.passes_completed})
        to.number(n);
    for (auto const t : {c.pass_started_at, c.last_pass_started_at, c.last_pass_ended_at})
        to.signed_number(t);
    return to.take();
}

std::optional<scrub_record> decode_scrub_record(std::string_view bytes) {
    byte_reader from(bytes);
    if (from.byte() != version_1)
        return std::nullopt;
    scrub_record r;
    r.position = from.text();
    auto& c = r.counters;
    for (auto* n : {&c.objects_checked, &c.bytes_checked, &c.rotten, &c.sums_rewritten, &c.passes_completed})
        *n = from.number();
    for (auto* t : {&c.pass_started_at, &c.last_pass_started_at, &c.last_pass_ended_at})
        *t = from.signed_number();
    if (!from.finished())
        return std::nullopt;
    return r;
}

} // namespace store
