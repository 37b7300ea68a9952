#include "proxy/stats/traffic.h"

#include "store/byte_codec.h"

namespace proxy {
namespace {

// Numbers of the fields in a row. They are on people's disks: add, never change.
constexpr std::uint64_t first_request = 0; // by class, then outcome, eight each
constexpr std::uint64_t first_count = 64;
constexpr std::uint64_t money = 80; // zigzag
constexpr std::uint64_t first_byte_bucket = 128, total_bucket = 192, upstream_bucket = 256;
constexpr std::size_t outcomes_per_class = 8;
static_assert(outcome_count <= outcomes_per_class);
static_assert(content_class_count * outcomes_per_class <= first_count);
static_assert(latency_histogram::bucket_count <= total_bucket - first_byte_bucket);

// Every field with its number, in the order of numbers.
template <class Traffic, class Visit>
void each_field(Traffic& t, Visit const& visit) {
    for (std::size_t c = 0; c < content_class_count; ++c)
        for (std::size_t o = 0; o < outcome_count; ++o)
            visit(first_request + c * outcomes_per_class + o, t.requests[c][o]);
    auto number = first_count;
    for (auto* field : {&t.bytes_served, &t.bytes_from_cache, &t.bytes_from_upstream, &t.bytes_pushed,
                        &t.upstream_requests, &t.upstream_errors, &t.pulls_saved, &t.time_saved_us, &t.server_errors,
                        &t.revalidations, &t.revalidations_unchanged, &t.returned_objects, &t.returned_bytes,
                        &t.hosted_hits, &t.unstored, &t.integrity_failures})
        visit(number++, *field);
    visit(money, t.money_saved_nano);
    for (std::size_t i = 0; i < latency_histogram::bucket_count; ++i)
        visit(first_byte_bucket + i, t.first_byte.counts[i]);
    for (std::size_t i = 0; i < latency_histogram::bucket_count; ++i)
        visit(total_bucket + i, t.total.counts[i]);
    for (std::size_t i = 0; i < latency_histogram::bucket_count; ++i)
        visit(upstream_bucket + i, t.upstream.counts[i]);
}

std::uint64_t as_stored(std::uint64_t v) noexcept {
    return v;
}
std::uint64_t as_stored(std::int64_t v) noexcept {
    return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
void restore(std::uint64_t& to, std::uint64_t v) noexcept {
    to = v;
}
void restore(std::int64_t& to, std::uint64_t v) noexcept {
    to = static_cast<std::int64_t>((v >> 1) ^ (~(v & 1) + 1));
}

} // namespace

std::uint64_t traffic::count(outcome o) const noexcept {
    auto const at = static_cast<std::size_t>(o);
    return requests[static_cast<std::size_t>(content_class::manifest)][at] +
           requests[static_cast<std::size_t>(content_class::blob)][at];
}

std::uint64_t traffic::count() const noexcept {
    std::uint64_t n = 0;
    for (auto const& of_class : requests)
        for (auto const of_outcome : of_class)
            n += of_outcome;
    return n;
}

std::uint64_t traffic::requests_saved() const noexcept {
    return count(outcome::hit) - hosted_hits + count(outcome::stale) + count(outcome::collapsed);
}

std::int64_t traffic::bytes_saved() const noexcept {
    return static_cast<std::int64_t>(bytes_served - bytes_from_upstream);
}

std::optional<double> traffic::hit_ratio() const noexcept {
    auto const from_store = count(outcome::hit) + count(outcome::stale);
    auto const all = from_store + count(outcome::miss) + count(outcome::collapsed);
    if (all == 0)
        return std::nullopt;
    return static_cast<double>(from_store) / static_cast<double>(all);
}

std::optional<double> traffic::byte_hit_ratio() const noexcept {
    if (bytes_served == 0)
        return std::nullopt;
    return static_cast<double>(bytes_from_cache) / static_cast<double>(bytes_served);
}

traffic& traffic::operator+=(traffic const& other) noexcept {
    for (std::size_t c = 0; c < content_class_count; ++c)
        for (std::size_t o = 0; o < outcome_count; ++o)
            requests[c][o] += other.requests[c][o];
    bytes_served += other.bytes_served;
    bytes_from_cache += other.bytes_from_cache;
    bytes_from_upstream += other.bytes_from_upstream;
    bytes_pushed += other.bytes_pushed;
    upstream_requests += other.upstream_requests;
    upstream_errors += other.upstream_errors;
    pulls_saved += other.pulls_saved;
    time_saved_us += other.time_saved_us;
    // A rotten row may say anything: it may make a sum wrong, not undefined.
    money_saved_nano = static_cast<std::int64_t>(static_cast<std::uint64_t>(money_saved_nano) +
                                                 static_cast<std::uint64_t>(other.money_saved_nano));
    server_errors += other.server_errors;
    hosted_hits += other.hosted_hits;
    revalidations += other.revalidations;
    revalidations_unchanged += other.revalidations_unchanged;
    returned_objects += other.returned_objects;
    returned_bytes += other.returned_bytes;
    unstored += other.unstored;
    integrity_failures += other.integrity_failures;
    first_byte += other.first_byte;
    total += other.total;
    upstream += other.upstream;
    return *this;
}

std::string encode(traffic const& t) {
    store::byte_writer w;
    std::uint64_t last = 0;
    each_field(t, [&](std::uint64_t number, auto const& value) {
        if (value == 0)
            return;
        w.number(number - last);
        w.number(as_stored(value));
        last = number;
    });
    return w.take();
}

std::optional<traffic> decode_traffic(std::string_view bytes) {
    store::byte_reader r(bytes);
    traffic t;
    std::uint64_t number = 0, value = 0;
    auto const next = [&] {
        if (!r.ok() || r.at_end())
            return false;
        auto const step = r.number();
        value = r.number();
        number += step;
        return r.ok();
    };
    bool there = next();
    each_field(t, [&](std::uint64_t wanted, auto& field) {
        while (there && number < wanted)
            there = next();
        if (there && number == wanted)
            restore(field, value);
    });
    while (there)
        there = next();
    if (!r.finished())
        return std::nullopt;
    return t;
}

} // namespace proxy
