// What happened, counted: relaxed counters, one slot per thread, summed on read. Counting takes no lock and
// shares no cache line between threads.
#pragma once

#include "proxy/limit.h"
#include "proxy/stats/latency_histogram.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// How a request was answered; the same words in Cache-Status, statistics, metrics and the access log.
enum class outcome : std::uint8_t { hit, miss, collapsed, stale, error, pass };
std::string_view to_string(outcome o) noexcept;

enum class content_class : std::uint8_t { manifest, blob, other };
std::string_view to_string(content_class c) noexcept;

// A counter that one thread writes and any thread reads.
class counter {
public:
    void add(std::uint64_t n = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

inline constexpr std::size_t outcome_count = 6;
inline constexpr std::size_t content_class_count = 3;

// Latency buckets: powers of two from 64 µs up; the last takes the rest.
inline constexpr std::size_t latency_buckets = 20;

// What one thread counted.
struct alignas(64) thread_counters {
    std::array<std::array<counter, outcome_count>, content_class_count> requests;
    counter bytes_served;                            // body bytes sent to clients
    counter bytes_from_cache;                        // of these, from content that was in the store when asked for
    counter bytes_pushed;                            // body bytes of uploads and manifests from clients
    counter unstored;                                // blob answers passed through because the store had no room
    counter connections;                             // accepted
    counter bad_requests;                            // refused before routing
    counter bad_handshakes;                          // connections that ended before TLS was agreed on
    counter failed_logins;                           // a password or a token that was wrong or over
    counter denied;                                  // requests that a rule, or none, did not allow
    counter turned_away;                             // connections beyond a bound
    std::array<counter, limit_count> refused;        // by the bound that was met; [none] means nothing
    counter overloaded;                              // requests answered 503 because too much was under way
    std::array<counter, latency_buckets> first_byte; // time to the answer's head
    counter latency_sum_us;

    void refuse(limit met) { refused[static_cast<std::size_t>(met)].add(); }
};

// How fast an upstream was seen to be, lately; 0 until something is known.
struct upstream_pace {
    std::atomic<std::uint64_t> first_byte_us{0};
    std::atomic<std::uint64_t> mib_us{0}; // what 1 MiB of a body takes
};

// What one upstream cost; counted by any thread.
struct upstream_counters {
    std::string name;         // set once, before the first count
    double nano_per_byte = 0; // likewise: its price, in 10^-9 of the currency
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> bytes{0};  // body bytes received, used or not
    std::atomic<std::uint64_t> errors{0}; // answers that were no answer: unreachable, 5xx, 429, cut off
    std::atomic<std::uint64_t> connections{0};
    std::atomic<std::uint64_t> revalidations_unchanged{0};                                // as in traffic
    std::atomic<std::uint64_t> revalidations_moved{0};                                    // the others
    std::array<std::atomic<std::uint64_t>, latency_histogram::bucket_count> first_byte{}; // request sent to head
    std::atomic<std::uint64_t> first_byte_sum_us{0};
    std::atomic<std::uint64_t> body_wait_us{0}; // spent waiting for `bytes`
    std::atomic<bool> counts_pulls{false};      // it limits how many manifests may be fetched
    upstream_pace pace;

    void add_first_byte(std::chrono::nanoseconds d) noexcept {
        auto const us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
        first_byte[latency_histogram::bucket_of(d)].fetch_add(1, std::memory_order_relaxed);
        first_byte_sum_us.fetch_add(us < 0 ? 0 : static_cast<std::uint64_t>(us), std::memory_order_relaxed);
    }
    void add_revalidation(bool moved) noexcept {
        (moved ? revalidations_moved : revalidations_unchanged).fetch_add(1, std::memory_order_relaxed);
    }
};

// A sum over threads and over earlier runs.
struct stats_totals {
    std::array<std::array<std::uint64_t, outcome_count>, content_class_count> requests{};
    std::uint64_t bytes_served = 0;
    std::uint64_t bytes_from_cache = 0;
    std::uint64_t bytes_pushed = 0;
    std::uint64_t unstored = 0;
    std::uint64_t connections = 0;
    std::uint64_t bad_requests = 0;
    std::uint64_t bad_handshakes = 0;
    std::uint64_t failed_logins = 0;
    std::uint64_t denied = 0;
    std::uint64_t turned_away = 0;
    std::array<std::uint64_t, limit_count> refused{};
    std::uint64_t overloaded = 0;
    std::array<std::uint64_t, latency_buckets> first_byte{};
    std::uint64_t latency_sum_us = 0;
    struct per_upstream {
        std::uint64_t requests = 0, bytes = 0, errors = 0;
        // Of this run alone.
        std::uint64_t revalidations_unchanged = 0, revalidations_moved = 0;
        latency_histogram first_byte;
        std::uint64_t first_byte_sum_us = 0;
    };
    std::map<std::string, per_upstream> upstreams;

    std::uint64_t bytes_from_upstream() const noexcept;
};

class stats {
public:
    explicit stats(std::size_t threads);

    thread_counters& on(std::size_t thread) noexcept { return threads_[thread]; }

    // Made once per configured upstream, at start; the reference stays valid.
    upstream_counters& upstream(std::string const& name);

    template <class Visit>
    void each_upstream(Visit const& visit) {
        for (auto& [name, counters] : upstreams_)
            visit(counters);
    }

    // Everything since the store was made. Any thread.
    stats_totals totals() const;
    // The same without what earlier runs counted: for those who take a number that fell for a restart.
    stats_totals since_start() const;

    // Totals as text for the store's named values, and back; unknown fields are ignored, so that versions mix.
    std::string save() const;
    void restore(std::string_view saved); // before the first count

    std::chrono::seconds uptime() const noexcept;

    std::atomic<std::int64_t> open_connections{0};
    std::atomic<std::int64_t> running_fills{0};
    std::atomic<std::uint64_t> prefetched{0};    // blobs whose download began before a client asked, since the start
    std::atomic<std::uint64_t> prefetch_used{0}; // of these, asked for since

private:
    void add_to(stats_totals& sum) const;

    std::chrono::steady_clock::time_point started_;
    std::vector<thread_counters> threads_;
    std::map<std::string, upstream_counters> upstreams_;
    stats_totals earlier_;
};

} // namespace proxy
