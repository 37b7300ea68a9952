// Time is an argument here: a test of five years takes as long as one of five minutes.
#include "proxy/stats/history.h"

#include "store/content_store.h"
#include "tests/catch.h"
#include "tests/support/running_server.h"

#include <atomic>
#include <map>
#include <thread>
#include <vector>

using namespace proxy;

namespace {

constexpr std::int64_t minute = 60, hour = 3600, day = 86400;
constexpr std::int64_t start = 20'000 * day; // midnight UTC
constexpr auto blob = static_cast<std::size_t>(content_class::blob);
constexpr auto hit = static_cast<std::size_t>(outcome::hit);

traffic_parts hits(std::uint64_t n, std::string const& repository = "docker.io/library/alpine") {
    traffic_parts p;
    for (auto* t : {&p.all(), &p.of(dimension::repository)[repository]}) {
        t->requests[blob][hit] += n;
        t->bytes_served += n * 100;
    }
    return p;
}

struct kept_history {
    tests::temp_folder folder;
    std::unique_ptr<store::content_store> store;
    storage_sample sample;
    history_limits limits;
    std::int64_t now = start;
    std::unique_ptr<history> h;

    kept_history() { open(); }
    void open() {
        store::options o;
        o.path = folder.path();
        store = store::content_store::open(std::move(o)).value();
        h = std::make_unique<history>(store->series(), limits, now, [this] { return sample; });
    }
    // As a process that ends without a word and comes back.
    void crash(std::int64_t away = 0) {
        h.reset();
        store.reset();
        now += away;
        open();
    }
    void pass(std::int64_t seconds, std::uint64_t hits_each_minute = 0) {
        for (auto const end = now + seconds; now < end;) {
            if (hits_each_minute > 0)
                h->add(hits(hits_each_minute));
            now += minute;
            REQUIRE(h->step(now));
        }
    }

    using series = std::map<std::int64_t, std::uint64_t>; // hits by the begin of the interval
    series read(std::int64_t from, std::int64_t to, std::int64_t step, dimension d = dimension::all,
                std::string_view wanted = "") const {
        series found;
        auto const add = [&](std::int64_t time, std::string_view name, traffic const& t) {
            if (name == wanted)
                found[time - time % step] += t.requests[blob][hit];
            return true;
        };
        REQUIRE(h->read(d, from, to, step, add));
        return found;
    }
    std::uint64_t sum(std::int64_t from, std::int64_t to, std::int64_t step = minute) const {
        std::uint64_t n = 0;
        for (auto const& [time, count] : read(from, to, step))
            n += count;
        return n;
    }
    std::size_t rows(std::uint8_t resolution) const {
        std::size_t n = 0;
        for (std::uint8_t d = 0; d < 5; ++d)
            REQUIRE(store->series().scan(resolution, d, 0, 1ll << 40, [&](auto, auto, auto) { return ++n > 0; }));
        return n;
    }
};

using series = kept_history::series;

} // namespace

TEST_CASE("what is counted can be read at once, and is in the minute in which it was counted") {
    kept_history k;
    k.h->add(hits(3));
    CHECK(k.read(start, start + hour, minute) == series{{start, 3}});
    k.now += minute;
    REQUIRE(k.h->step(k.now));
    k.h->add(hits(5));
    CHECK(k.read(start, start + hour, minute) == series{{start, 3}, {start + minute, 5}});
    CHECK(k.read(start, start + hour, minute, dimension::repository, "docker.io/library/alpine") ==
          series{{start, 3}, {start + minute, 5}});
}

TEST_CASE("a history that is off writes nothing, also not at its end") {
    kept_history k;
    k.limits.enabled = false;
    k.crash();
    k.pass(2 * hour, 1);
    REQUIRE(k.h->close(k.now));
    CHECK(k.sum(start, start + day) == 0);
    for (auto const& r : resolutions)
        CHECK(k.rows(r.number) == 0);
}

TEST_CASE("a minute without a request is zero, one in which nothing ran is not there") {
    kept_history k;
    k.pass(3 * minute);
    k.crash(10 * minute);
    k.pass(minute, 1);
    CHECK(k.read(start, start + hour, minute) == series{{start, 0},
                                                        {start + minute, 0},
                                                        {start + 2 * minute, 0},
                                                        {start + 13 * minute, 1},
                                                        {start + 14 * minute, 0}}); // under way
}

TEST_CASE("the sudden end of the process loses the minute under way at most") {
    kept_history k;
    k.pass(10 * minute, 1);
    k.h->add(hits(1000));
    k.crash();
    CHECK(k.sum(start, start + hour) == 10);
}

TEST_CASE("a start under a clock far behind takes nothing from what was summed up") {
    kept_history k;
    k.pass(60 * hour + 30 * minute, 1); // of the twelfth hour half of the minutes are left
    auto const before = k.read(start, start + 60 * hour, hour);
    k.crash(-70 * hour);
    k.pass(2 * minute);
    k.now += 70 * hour; // somebody has set it right
    k.pass(2 * hour);
    auto const after = k.read(start, start + 60 * hour, hour);
    for (auto const& [time, n] : before) {
        INFO((time - start) / hour);
        CHECK(after.at(time) == n);
    }
}

TEST_CASE("a sum in the future, left by a clock that ran ahead, keeps no hour from being summed up after a restart") {
    kept_history k;
    k.pass(2 * hour, 1);
    k.now += 5 * day;
    k.pass(2 * hour);
    k.now -= 5 * day;
    REQUIRE(k.h->step(k.now));
    k.pass(90 * minute, 1);
    k.crash();
    k.pass(50 * hour); // the minutes of that time are gone by now
    CHECK(k.sum(start + 4 * hour, start + 6 * hour, hour) == 90);
}

TEST_CASE("a stop and a start within a minute count in the same minute") {
    kept_history k;
    k.h->add(hits(3));
    REQUIRE(k.h->close(k.now + 10));
    k.crash(20);
    k.h->add(hits(4));
    CHECK(k.read(start, start + hour, minute) == series{{start, 7}});
    k.now = start + minute;
    REQUIRE(k.h->step(k.now));
    CHECK(k.read(start, start + minute, minute) == series{{start, 7}});
}

TEST_CASE("minutes become hours and days, and each reads the same in all of them") {
    kept_history k;
    k.pass(3 * day + 90 * minute, 1);
    auto const end = k.now + minute;
    for (auto const step : {5 * minute, hour, 6 * hour, day}) {
        INFO(step);
        auto const from = step < hour ? k.now - k.now % day - day : start;
        CHECK(k.sum(from, end, step) == static_cast<std::uint64_t>((k.now - from) / minute));
    }
    CHECK(k.read(start, end, day) ==
          series{{start, 1440}, {start + day, 1440}, {start + 2 * day, 1440}, {start + 3 * day, 90}});
    CHECK(k.read(start + day, start + day + hour, hour) == series{{start + day, 60}});
}

TEST_CASE("hours and days that ended while nothing ran are summed up at the next start") {
    kept_history k;
    k.pass(day - 30 * minute, 1);
    k.crash(5 * hour);
    k.pass(minute, 1);
    CHECK(k.rows(2) > 0);
    CHECK(k.read(start, start + day, day) == series{{start, 1410}});
    CHECK(k.read(start + 23 * hour, start + day, hour) == series{{start + 23 * hour, 30}});
}

TEST_CASE("what is too old goes: minutes after two days, hours after a quarter") {
    kept_history k;
    k.limits.names = 2;
    k.crash();
    k.pass(4 * day, 1);
    CHECK(k.store->series().first(0).value() >= k.now - 48 * hour - minute);
    CHECK(k.store->series().first(1).value() == start);
    CHECK(k.sum(start, k.now, hour) == 4 * 1440);
    // Weeks of nothing pass at once.
    k.crash(100 * day);
    k.pass(2 * hour, 1);
    CHECK_FALSE(k.read(start, start + 4 * day, hour).contains(start));
    CHECK(k.read(start, start + 4 * day, day).at(start) == 1440);
}

TEST_CASE("what is too old goes also where no run is as long as an hour") {
    kept_history k;
    for (int n = 0; n < 3 * 24 * 2 + 4; ++n) {
        k.pass(29 * minute, 1);
        k.crash(minute);
    }
    k.pass(minute);
    CHECK(k.store->series().first(0).value() >= k.now - 2 * day - hour);
}

TEST_CASE("a run under a clock that is ahead drops nothing at the next start") {
    kept_history k;
    k.pass(3 * hour, 1);
    k.now += 40 * 365 * day;
    k.pass(10 * minute, 1);
    k.crash(minute);
    k.pass(10 * minute, 1);
    CHECK(k.sum(start, start + 3 * hour) == 180);
}

TEST_CASE("the names of one interval are bounded, the rest is other") {
    kept_history k;
    k.limits.names = 3;
    k.crash();
    for (unsigned i = 1; i <= 10; ++i)
        k.h->add(hits(i, "docker.io/r" + std::to_string(i)));
    k.now += minute;
    REQUIRE(k.h->step(k.now));
    auto const of = [&](std::string const& name, std::int64_t step) {
        return k.read(start, start + hour, step, dimension::repository, name);
    };
    CHECK(of("docker.io/r10", minute) == series{{start, 10}});
    CHECK(of("docker.io/r7", minute).empty());
    CHECK(of("other", minute) == series{{start, 28}});
    k.pass(hour, 1);
    CHECK(of("docker.io/r10", hour) == series{{start, 10}});
    CHECK(of("docker.io/library/alpine", hour) == series{{start, 59}}); // by now it is among the first
}

TEST_CASE("a clock that is set back adds to minutes that are there, and hours follow") {
    kept_history k;
    k.pass(2 * hour, 1);
    CHECK(k.read(start, start + hour, hour) == series{{start, 60}});
    k.now = start + 30 * minute;
    k.pass(10 * minute, 1);
    // The first of the ten counts in the minute that was under way.
    CHECK(k.sum(start, start + hour, minute) == 69);
    CHECK(k.read(start, start + hour, hour) == series{{start, 69}});
    k.now = start + 2 * hour + minute;
    k.pass(hour, 1);
    CHECK(k.sum(start, k.now + hour, hour) == 120 + 10 + 60);
}

TEST_CASE("readers that never pause do not keep a minute from being written") {
    kept_history k;
    std::atomic<bool> over = false;
    auto const read_on = [&] {
        while (!over)
            (void)k.h->read(dimension::all, start, start + day, minute, [](auto, auto, auto const&) { return true; });
    };
    {
        std::vector<std::jthread> readers;
        for (int i = 0; i < 8; ++i)
            readers.emplace_back(read_on);
        k.pass(hour, 1);
        over = true;
    }
    CHECK(k.sum(start, start + hour) == 60);
}

TEST_CASE("a clock that jumps ahead for a moment takes no time and little of the history") {
    kept_history k;
    k.pass(3 * hour, 1);
    k.now += 40 * 365 * day;
    k.pass(minute, 1);
    k.now = start + 3 * hour + minute;
    k.pass(3 * hour, 1);
    CHECK(k.sum(start, start + 3 * hour, hour) == 180);
    CHECK(k.read(start + 4 * hour, start + 5 * hour, hour) == series{{start + 4 * hour, 60}}); // it goes on
}

TEST_CASE("a size that is exceeded makes the oldest go before its time") {
    kept_history k;
    k.limits.bytes = 64 * 1024;
    k.limits.names = 10'000;
    k.crash();
    for (int n = 0; n < 70; ++n) {
        for (int i = 0; i < 100; ++i)
            k.h->add(hits(1, "docker.io/some/repository/with/a/name/" + std::to_string(n * 7919 + i * 104729)));
        k.pass(minute);
        REQUIRE(k.store->flush());
    }
    k.pass(2 * hour);
    CHECK(k.store->series().disk_bytes(0) <= 32 * 1024);
    CHECK(k.store->series().first(0).value() > start);
    CHECK(k.sum(start, start + hour, hour) == 6000); // the hour was summed up before
}

TEST_CASE("what the store holds is read as it was at the end of each interval") {
    kept_history k;
    k.sample.objects = 1;
    k.pass(hour);
    k.sample.objects = 2;
    k.sample.contents[1][2] = {7, 700};
    k.pass(hour);
    k.sample.objects = 3;
    std::map<std::int64_t, storage_sample> found;
    auto const note = [&](std::int64_t time, storage_sample const& s) {
        found[time - time % hour] = s;
        return true;
    };
    REQUIRE(k.h->read_storage(start, k.now + hour, hour, note));
    REQUIRE(found.size() == 3);
    CHECK(found[start].objects == 1);
    CHECK(found[start + hour].contents[1][2] == store::gc_sum{7, 700});
    CHECK(found[start + 2 * hour].objects == 3);
}
