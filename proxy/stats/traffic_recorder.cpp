#include "proxy/stats/traffic_recorder.h"

namespace proxy {
namespace {

using std::chrono::microseconds;

// Answered with content that upstream was not asked for on this request's account.
bool is_saved(served_request const& r) {
    switch (r.outcome) {
    case outcome::hit:
    case outcome::stale:
    case outcome::collapsed:
        return r.from != nullptr && r.content != content_class::other;
    case outcome::miss:
    case outcome::error:
    case outcome::pass:
        break;
    }
    return false;
}

// By how long upstream lets people wait, less what this one waited.
std::uint64_t time_saved_us(served_request const& r) {
    auto const& pace = r.from->pace;
    auto const mib_us = pace.mib_us.load(std::memory_order_relaxed);
    auto const there = pace.first_byte_us.load(std::memory_order_relaxed) + r.body_bytes * mib_us / (1024 * 1024);
    auto const here = static_cast<std::uint64_t>(std::chrono::duration_cast<microseconds>(r.total).count());
    return there > here ? there - here : 0;
}

struct savings {
    std::uint64_t pulls = 0, time_us = 0;
};

savings savings_of(served_request const& r) {
    if (!is_saved(r))
        return {};
    bool const counts =
        r.is_get && r.content == content_class::manifest && r.from->counts_pulls.load(std::memory_order_relaxed);
    return {counts ? 1u : 0u, time_saved_us(r)};
}

// What these bytes would have cost from upstream.
std::int64_t price_nano(served_request const& r) {
    return r.from == nullptr ? 0 : static_cast<std::int64_t>(static_cast<double>(r.body_bytes) * r.from->nano_per_byte);
}

} // namespace

void traffic_recorder::add(served_request const& r) {
    auto const saved = savings_of(r);
    auto const price = price_nano(r);
    bool const is_hosted = r.from == nullptr && r.outcome == outcome::hit && r.content != content_class::other;
    bool const from_cache = r.outcome == outcome::hit || r.outcome == outcome::stale;
    auto const add_to = [&](traffic& t) {
        ++t.requests[static_cast<std::size_t>(r.content)][static_cast<std::size_t>(r.outcome)];
        t.bytes_served += r.body_bytes;
        t.bytes_from_cache += from_cache ? r.body_bytes : 0;
        t.bytes_pushed += r.pushed_bytes;
        t.pulls_saved += saved.pulls;
        t.time_saved_us += saved.time_us;
        t.money_saved_nano += price;
        t.server_errors += r.status >= 500 ? 1 : 0;
        t.hosted_hits += is_hosted ? 1 : 0;
        t.unstored += r.unstored ? 1 : 0;
        t.first_byte.add(r.first_byte);
        t.total.add(r.total);
    };
    // Of all, and of an upstream, what was received and what that cost is counted where it arrives.
    auto const add_to_share = [&](traffic& t) {
        add_to(t);
        if (r.outcome != outcome::miss)
            return;
        t.bytes_from_upstream += r.body_bytes;
        t.money_saved_nano -= price;
    };
    add_to(parts_.all());
    if (r.from != nullptr)
        add_to(parts_.of(dimension::upstream)[r.from->name]);
    if (!r.repository.empty())
        add_to_share(parts_.of(dimension::repository)[r.repository]);
    if (!r.client_group.empty())
        add_to_share(parts_.of(dimension::client)[r.client_group]);
}

} // namespace proxy
