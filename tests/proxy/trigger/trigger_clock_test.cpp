#include "proxy/trigger/trigger_clock.h"
#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t hour = 3600, day = 24 * hour;
constexpr std::int64_t midnight = 20'000 * day; // of some day, UTC

std::int64_t utc(std::int64_t) {
    return 0;
}

// Central Europe in 2027: summer time from 28 March to 31 October, both at 01:00 UTC.
constexpr std::int64_t spring = 1806195600, autumn = 1824944400;
std::int64_t europe(std::int64_t t) {
    return t >= spring && t < autumn ? 2 * hour : hour;
}

trigger_clock daily(std::chrono::minutes at, std::int64_t now, std::int64_t last = 0, double share = 0,
                    utc_offset offset = utc) {
    return {{at, 0s}, last, now, share, std::move(offset)};
}
trigger_clock every(std::chrono::seconds time, std::int64_t now, std::int64_t last = 0, double share = 0) {
    return {{{}, time}, last, now, share, utc};
}

} // namespace

TEST_CASE("a time of day comes once a day") {
    auto c = daily(3h + 30min, midnight);
    CHECK(c.next() == midnight + 3 * hour + 1800);
    CHECK_FALSE(c.is_due(c.next() - 1));
    for (int i = 0; i < 3; ++i) {
        auto const due = c.next();
        CHECK(c.is_due(due + 10));
        c.begin(due + 10);
        CHECK_FALSE(c.is_due(due + 11));
        CHECK(c.next() == due + day);
    }
}

TEST_CASE("what is set at that very time, or a moment after, waits for the next day") {
    CHECK(daily(3h, midnight + 3 * hour).next() == midnight + day + 3 * hour);
    CHECK(daily(3h, midnight + 3 * hour + 60).next() == midnight + day + 3 * hour);
    CHECK(daily(3h, midnight + 3 * hour - 1).next() == midnight + 3 * hour);
}

TEST_CASE("the time of day is the local one") {
    CHECK(daily(0min, midnight, 0, 0, [](std::int64_t) { return 5 * hour; }).next() == midnight + day - 5 * hour);
    CHECK(daily(0min, midnight, 0, 0, [](std::int64_t) { return -5 * hour; }).next() == midnight + 5 * hour);
    CHECK(daily(23h, midnight, 0, 0, [](std::int64_t) { return 14 * hour; }).next() == midnight + 9 * hour);
}

TEST_CASE("on days on which clocks change each time of day comes once") {
    // 02:30 is skipped in spring, and comes twice in autumn.
    auto c = daily(2h + 30min, spring - 2 * hour, 0, 0, europe);
    CHECK(c.next() == spring + 1800);
    c.begin(c.next());
    CHECK(c.next() == spring + 1800 + 23 * hour);
    auto d = daily(2h + 30min, autumn - 12 * hour, 0, 0, europe);
    CHECK(d.next() == autumn - 1800);
    d.begin(d.next());
    CHECK(d.next() == autumn - 1800 + 25 * hour);
    CHECK(daily(12h, spring - hour, 0, 0, europe).next() == spring + 9 * hour);
    CHECK(daily(12h, autumn - hour, 0, 0, europe).next() == autumn + 10 * hour);
}

TEST_CASE("what is due every so often is, from when it began") {
    auto c = every(10min, midnight);
    CHECK(c.is_due(midnight));
    c.begin(midnight);
    CHECK_FALSE(c.is_due(midnight + 599));
    CHECK(c.is_due(midnight + 600));
    c.begin(midnight + 700);
    CHECK(c.next() == midnight + 1300);
}

TEST_CASE("what was missed while the server was down is done once") {
    auto c = every(10min, midnight, midnight - 20 * day);
    CHECK(c.is_due(midnight));
    c.begin(midnight);
    CHECK_FALSE(c.is_due(midnight + 1));
    CHECK(every(10min, midnight, midnight - 60).next() == midnight + 540);
    // A time of day within the hour.
    auto d = daily(3h, midnight + 3 * hour + 1800, midnight - day + 3 * hour);
    CHECK(d.is_due(midnight + 3 * hour + 1800));
    d.begin(midnight + 3 * hour + 1800);
    CHECK(d.next() == midnight + day + 3 * hour);
    auto late = daily(3h, midnight + 5 * hour, midnight - 5 * day + 3 * hour);
    CHECK_FALSE(late.is_due(midnight + 5 * hour));
    CHECK(late.next() == midnight + day + 3 * hour);
}

TEST_CASE("what has run is not run again after a restart") {
    auto c = daily(3h, midnight);
    c.begin(c.next());
    CHECK(daily(3h, midnight + 3 * hour + 60, c.mark()).next() == midnight + day + 3 * hour);
}

TEST_CASE("a clock that jumps forwards makes nothing run twice") {
    auto c = daily(3h, midnight);
    CHECK_FALSE(c.is_due(midnight + 6 * hour)); // at night, not in the morning
    CHECK(c.next() == midnight + day + 3 * hour);
    CHECK(c.is_due(midnight + day + 3 * hour + 1800)); // an hour is close enough
    auto d = every(10min, midnight);
    d.begin(midnight);
    CHECK(d.is_due(midnight + 300 * day));
    d.begin(midnight + 300 * day);
    CHECK_FALSE(d.is_due(midnight + 300 * day + 1));
}

TEST_CASE("a clock that is set back stops nothing for longer than its time") {
    auto c = every(10min, midnight);
    c.begin(midnight);
    CHECK_FALSE(c.is_due(midnight - 30 * day));
    CHECK(c.next() <= midnight - 30 * day + 600);
    auto d = daily(3h, midnight);
    d.begin(d.next());
    CHECK_FALSE(d.is_due(midnight - 30 * day));
    CHECK(d.next() == midnight - 30 * day + 3 * hour);
    CHECK(daily(3h, midnight, midnight + 100 * day).next() == midnight + 3 * hour); // also what was saved
}

TEST_CASE("an hour's step back repeats no night") {
    auto c = daily(3h, midnight);
    c.begin(midnight + 3 * hour + 10);
    CHECK_FALSE(c.is_due(midnight + 2 * hour + 10));
    CHECK_FALSE(c.is_due(midnight + 3 * hour + 20));
    CHECK(c.next() == midnight + day + 3 * hour);
}

TEST_CASE("each server is late by its own share") {
    CHECK(daily(3h, midnight, 0, 0.5).next() == midnight + 3 * hour + 150);
    CHECK(daily(3h, midnight, 0, 1).next() == midnight + 3 * hour + 300);
    auto c = every(100s, midnight, 0, 1);
    CHECK(c.next() == midnight + 10);
    c.begin(c.next());
    CHECK(c.next() == midnight + 120);
    CHECK(every(std::chrono::hours(24), midnight, 0, 1).next() == midnight + 300);
    auto d = daily(3h, midnight, 0, 1);
    d.begin(d.next());
    CHECK(d.next() == midnight + day + 3 * hour + 300);
}
