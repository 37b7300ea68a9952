// Whether an endpoint is worth asking. One that failed several times in a row is left alone, so that no client waits
// for what will not come; from time to time one request tries it again.
//
//   closed     every request goes there
//   open       none does, until the pause is over
//   half open  one request, the probe, is under way; its end decides
//
// The probe is a request that a client waits for: nothing is asked that nobody wants. The longest pause bounds how long
// an endpoint that works again goes unnoticed. Source: M. Nygard, "Release It!", "Circuit Breaker".
#pragma once

#include "proxy/runtime/net.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace proxy {

enum class breaker_state : std::uint8_t { closed, open, half_open };
std::string_view to_string(breaker_state s) noexcept; // "closed", "open", "half-open"

// A failure that took a client's time weighs more than one that showed at once.
enum class failure_kind : std::uint8_t { quick, slow };

// Not thread-safe: endpoint_health holds its lock.
class circuit_breaker {
public:
    using time_point = steady_clock::time_point;

    static constexpr unsigned threshold = 6; // six quick failures in a row, or two slow ones
    static constexpr unsigned slow_weight = 3;
    // Doubled with each probe that fails. From the beginning of one probe to that of the next: what works again a
    // moment after a probe began to hang is not to wait for its end and a pause.
    static constexpr std::chrono::milliseconds first_pause{1000};
    static constexpr std::chrono::milliseconds longest_pause{4000};

    enum class entry : std::uint8_t { free, probe, refused };

    explicit circuit_breaker(unsigned opens_at = threshold) : opens_at_(opens_at) {}

    // What a request that wants to go out now is. Each entry that was not refused is followed by one of the three
    // below.
    entry enter(time_point now);

    void succeeded();
    void failed(entry as, failure_kind kind, time_point now);
    void abandoned(entry as, time_point now); // ended without saying anything about the endpoint

    breaker_state state() const noexcept { return state_; }
    bool has_succeeded() const noexcept { return has_succeeded_; } // at any time; before that, closed is but a guess
    unsigned failures() const noexcept { return failures_; }       // weighed, since the last success
    time_point next_try() const noexcept { return next_try_; }     // while open

private:
    void open(time_point now, time_point since);

    unsigned const opens_at_; // failures, weighed
    breaker_state state_ = breaker_state::closed;
    bool has_succeeded_ = false;
    unsigned failures_ = 0;
    std::chrono::milliseconds pause_{0};
    time_point next_try_{};
    time_point probed_at_{};
};

} // namespace proxy
