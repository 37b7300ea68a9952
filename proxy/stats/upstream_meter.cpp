#include "proxy/stats/upstream_meter.h"

namespace proxy {
namespace {

// Weight that a second's measure keeps in the next: half of it is gone after a quarter of an hour of measures.
constexpr double fading = 0.99923;

std::uint64_t since(std::uint64_t& before, std::atomic<std::uint64_t> const& counter) {
    auto const now = counter.load(std::memory_order_relaxed);
    return now - std::exchange(before, now);
}

// In the middle of its bucket.
double microseconds_of(std::size_t bucket) {
    auto const from = latency_histogram::lower_bound(bucket);
    return (from + latency_histogram::lower_bound(bucket + 1)) / 2 * 1e6;
}

} // namespace

traffic upstream_meter::look_at(upstream_counters const& c, seen& before) {
    traffic t;
    t.upstream_requests = since(before.requests, c.requests);
    t.upstream_errors = since(before.errors, c.errors);
    t.bytes_from_upstream = since(before.bytes, c.bytes);
    t.revalidations_unchanged = since(before.revalidations_unchanged, c.revalidations_unchanged);
    t.revalidations = t.revalidations_unchanged + since(before.revalidations_moved, c.revalidations_moved);
    auto const waited = since(before.body_wait_us, c.body_wait_us);
    double requests = 0, first_byte_us = 0;
    for (std::size_t i = 0; i < latency_histogram::bucket_count; ++i) {
        t.upstream.counts[i] = since(before.first_byte.counts[i], c.first_byte[i]);
        requests += static_cast<double>(t.upstream.counts[i]);
        first_byte_us += static_cast<double>(t.upstream.counts[i]) * microseconds_of(i);
    }
    if (requests > 0) {
        before.recent_requests = before.recent_requests * fading + requests;
        before.recent_first_byte_us = before.recent_first_byte_us * fading + first_byte_us;
    }
    if (t.bytes_from_upstream > 0 && waited > 0) {
        before.recent_bytes = before.recent_bytes * fading + static_cast<double>(t.bytes_from_upstream);
        before.recent_wait_us = before.recent_wait_us * fading + static_cast<double>(waited);
    }
    return t;
}

void upstream_meter::note_pace(upstream_pace& to, seen const& s) {
    constexpr double mib = 1024 * 1024;
    if (s.recent_requests > 0)
        to.first_byte_us.store(static_cast<std::uint64_t>(s.recent_first_byte_us / s.recent_requests),
                               std::memory_order_relaxed);
    if (s.recent_bytes >= mib) // less says how long a packet takes, not how fast many come
        to.mib_us.store(static_cast<std::uint64_t>(s.recent_wait_us / s.recent_bytes * mib), std::memory_order_relaxed);
}

traffic_parts upstream_meter::look() {
    traffic_parts parts;
    counts_.each_upstream([&](upstream_counters& c) {
        auto& before = seen_[c.name];
        auto t = look_at(c, before);
        note_pace(c.pace, before);
        if (t == traffic())
            return;
        // The other half, what was served, is counted where it leaves; for all and for the upstream.
        t.money_saved_nano = -static_cast<std::int64_t>(static_cast<double>(t.bytes_from_upstream) * c.nano_per_byte);
        parts.all() += t;
        parts.of(dimension::upstream)[c.name] += t;
    });
    return parts;
}

} // namespace proxy
