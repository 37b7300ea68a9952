// How fast bytes may go to one client, or come from one upstream, over all connections and all threads; also how many
// requests a second a client may send, each of which is one "byte".
//
// The "virtual scheduling" form of a leaky bucket (ITU-T I.371, GCRA): one number, the time at which the next byte is
// due. Whoever wants to send moves it on by what his bytes take and waits for where it was, so connections take turns
// and nothing keeps a queue or a lock. Who has been idle may send a quarter of a second's bytes at once.
#pragma once

#include "proxy/runtime/net.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace proxy {

// Any thread.
class pacer {
public:
    static constexpr std::chrono::nanoseconds burst = std::chrono::milliseconds(250);

    explicit pacer(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {} // not 0

    // The most to take at once: larger pieces would make the others of this client wait.
    std::uint64_t piece() const noexcept { return std::clamp<std::uint64_t>(rate_ / 8, 4096, 256 * 1024); }

    // How long to wait before these bytes leave. They count from now on.
    steady_clock::duration take(std::uint64_t bytes, steady_clock::time_point now) noexcept {
        auto const time = since_epoch(now);
        auto due = due_.load(std::memory_order_relaxed);
        std::int64_t start = 0;
        do
            start = std::max(due, time - burst.count());
        while (!due_.compare_exchange_weak(due, start + duration_of(bytes), std::memory_order_relaxed));
        return std::chrono::nanoseconds(std::max<std::int64_t>(0, start - time));
    }

    // These were taken, and did not leave.
    void give_back(std::uint64_t bytes) noexcept { due_.fetch_sub(duration_of(bytes), std::memory_order_relaxed); }

    // Whether nothing of what was taken still weighs.
    bool is_idle(steady_clock::time_point now) const noexcept {
        return due_.load(std::memory_order_relaxed) <= since_epoch(now) - burst.count();
    }

private:
    static std::int64_t since_epoch(steady_clock::time_point t) noexcept {
        return std::chrono::nanoseconds(t.time_since_epoch()).count();
    }
    std::int64_t duration_of(std::uint64_t bytes) const noexcept {
        return static_cast<std::int64_t>(static_cast<double>(bytes) / static_cast<double>(rate_) * 1e9);
    }

    std::uint64_t const rate_;
    std::atomic<std::int64_t> due_{0}; // nanoseconds of the steady clock
};

} // namespace proxy
