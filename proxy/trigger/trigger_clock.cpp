#include "proxy/trigger/trigger_clock.h"

#include <algorithm>
#include <ctime>

namespace proxy {

namespace {

constexpr std::int64_t day = 24 * 3600;

// The moment at which local clocks show `local`, seconds as if they ran at UTC.
std::int64_t moment_of(std::int64_t local, utc_offset const& offset) {
    // Clocks change at most once within two days.
    auto const before = offset(local - day), after = offset(local + day);
    auto const early = local - before, late = local - after;
    if (offset(early) == before) // also the first of two
        return early;
    if (offset(late) == after)
        return late;
    return early; // skipped: as much after the change as it would have been after it
}

} // namespace

std::int64_t system_utc_offset(std::int64_t unix_seconds) {
    auto const t = static_cast<std::time_t>(unix_seconds);
    std::tm local{};
    return ::localtime_r(&t, &local) ? local.tm_gmtoff : 0;
}

std::int64_t next_time_of_day(std::chrono::minutes at, std::int64_t after, utc_offset const& offset) {
    auto const local = after + offset(after);
    auto const midnight = local - ((local % day) + day) % day;
    for (std::int64_t days = -1; days < 2; ++days) {
        auto const moment = moment_of(midnight + days * day + std::chrono::seconds(at).count(), offset);
        if (moment > after)
            return moment;
    }
    return moment_of(midnight + 2 * day + std::chrono::seconds(at).count(), offset);
}

trigger_clock::trigger_clock(schedule s, std::int64_t last, std::int64_t now, double share, utc_offset offset)
    : schedule_(s), share_(share), offset_(std::move(offset)), mark_(last) {
    plan(now);
}

std::int64_t trigger_clock::late() const noexcept {
    auto const most = schedule_.at ? most_late : std::min(most_late, schedule_.every.count() / 10);
    return static_cast<std::int64_t>(share_ * static_cast<double>(most));
}

// A longer one means that the clock was set back.
std::int64_t trigger_clock::longest_wait() const noexcept {
    return (schedule_.at ? day + 2 * 3600 : schedule_.every.count()) + most_late;
}

void trigger_clock::plan(std::int64_t now) {
    if (!schedule_.at) {
        auto const last = std::min(mark_, now);
        next_ = (last == 0 ? now : std::max(last + schedule_.every.count(), now)) + late();
        return;
    }
    if (mark_ > now + longest_wait()) // of a clock that was wrong
        mark_ = 0;
    planned_ = next_time_of_day(*schedule_.at, mark_ == 0 ? now : now - most_missed, offset_);
    if (planned_ <= mark_) // its turn has been
        planned_ = next_time_of_day(*schedule_.at, mark_, offset_);
    next_ = planned_ + late();
}

bool trigger_clock::is_due(std::int64_t now) {
    if (next_ - now > longest_wait())
        plan(now);
    if (now < next_)
        return false;
    if (!schedule_.at || now - planned_ <= most_missed)
        return true;
    mark_ = planned_;
    plan(now);
    return false;
}

void trigger_clock::begin(std::int64_t now) {
    mark_ = schedule_.at ? planned_ : now;
    plan(now);
}

} // namespace proxy
