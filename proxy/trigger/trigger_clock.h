// When a trigger is due: at a time of each day, or every so often. Time is an argument, and so is what the local clock
// shows.
//
// Clocks are set, machines sleep and servers are down. Whatever was missed is done at most once: what is due every so
// often at once, what belongs to a time of the day only within an hour of it, since whoever says "at night" does not
// mean in the morning. A day on which the clocks change has each time of day once: one that is skipped counts as the
// moment after the change, of one that comes twice the first counts.
//
// All servers of a fleet would ask upstream in the same second. So each is late by a random share, the same for as long
// as it runs: up to five minutes, of what is due every so often up to a tenth of that.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace proxy {

struct schedule {
    std::optional<std::chrono::minutes> at; // since midnight, local time; or else
    std::chrono::seconds every{0};          // positive

    friend bool operator==(schedule const&, schedule const&) = default;
};

// Seconds by which local time is ahead of UTC at a moment.
using utc_offset = std::function<std::int64_t(std::int64_t unix_seconds)>;
std::int64_t system_utc_offset(std::int64_t unix_seconds);

// The first moment after `after` at which it is so late, local time.
std::int64_t next_time_of_day(std::chrono::minutes at, std::int64_t after, utc_offset const& offset);

// All times in Unix seconds.
class trigger_clock {
public:
    static constexpr std::int64_t most_late = 300;    // by its share
    static constexpr std::int64_t most_missed = 3600; // a time of day that was missed by more is not made up for

    // `last`: mark() of an earlier life, 0 if there was none. `share`, from 0 to 1, is how late it is.
    trigger_clock(schedule s, std::int64_t last, std::int64_t now, double share, utc_offset offset = system_utc_offset);

    // To be asked about once a second.
    bool is_due(std::int64_t now);
    // It runs: not due again before the next time.
    void begin(std::int64_t now);

    std::int64_t next() const noexcept { return next_; }
    std::int64_t mark() const noexcept { return mark_; } // which time was the last that counted, for the next life

private:
    std::int64_t late() const noexcept;
    std::int64_t longest_wait() const noexcept;
    void plan(std::int64_t now);

    schedule const schedule_;
    double const share_;
    utc_offset const offset_;
    std::int64_t mark_;
    std::int64_t planned_ = 0; // the time of day that next_ is about
    std::int64_t next_ = 0;
};

} // namespace proxy
