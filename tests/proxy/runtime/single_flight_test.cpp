#include "proxy/runtime/single_flight.h"

#include "tests/catch.h"

#include <boost/asio/thread_pool.hpp>

using namespace proxy;

namespace {

// A flight whose landing the test decides.
struct gate {
    watch<bool> open{false};
    task<void> pass() {
        auto seen = open.get();
        while (!seen.value)
            seen = co_await open.changed(seen.version);
    }
};

} // namespace

TEST_CASE("many callers of one key share one run of the work") {
    worker w(0);
    single_flight<int> flights;
    gate g;
    int runs = 0;
    int shared = 0;
    std::vector<int> answers;
    for (int i = 0; i < 10; ++i)
        spawn(w.executor(), "caller", [&]() -> task<void> {
            auto work = [&]() -> task<result<int>> {
                ++runs;
                co_await g.pass();
                co_return 42;
            };
            auto a = co_await flights.run(w, "key", work);
            answers.push_back(*a.value);
            shared += a.shared;
        });
    w.context().poll();
    CHECK(answers.empty());
    g.open.publish(true);
    w.context().restart();
    w.context().run();
    CHECK(runs == 1);
    CHECK(answers == std::vector<int>(10, 42));
    CHECK(shared == 9);
}

TEST_CASE("a caller after the landing starts a flight of its own") {
    worker w(0);
    single_flight<int> flights;
    int runs = 0;
    auto call = [&]() -> task<void> {
        auto work = [&]() -> task<result<int>> { co_return ++runs; };
        for (int expected : {1, 2}) {
            auto a = co_await flights.run(w, "key", work);
            CHECK(*a.value == expected);
            CHECK_FALSE(a.shared);
        }
    };
    spawn(w.executor(), "caller", call);
    w.context().run();
    CHECK(runs == 2);
}

TEST_CASE("work that throws lands as an error, not as a hang") {
    worker w(0);
    single_flight<int> flights;
    bool failed = false;
    spawn(w.executor(), "caller", [&]() -> task<void> {
        auto work = []() -> task<result<int>> {
            throw std::runtime_error("boom");
            co_return 0;
        };
        auto a = co_await flights.run(w, "key", work);
        failed = !a.value && a.value.error().message == "boom";
    });
    w.context().run();
    CHECK(failed);
}

TEST_CASE("who has waited long enough goes without, and the flight goes on for the others") {
    worker w(0);
    single_flight<int> flights;
    gate g;
    int runs = 0;
    bool left = false;
    std::optional<int> last;
    auto work = [&]() -> task<result<int>> {
        ++runs;
        co_await g.pass();
        co_return 42;
    };
    spawn(w.executor(), "stays", [&]() -> task<void> {
        auto a = co_await flights.run_for(w, "key", work, std::chrono::hours(1));
        REQUIRE(a);
        last = *a->value;
    });
    spawn(w.executor(), "leaves", [&]() -> task<void> {
        auto a = co_await flights.run_for(w, "key", work, std::chrono::seconds(0));
        left = !a;
    });
    w.context().poll();
    CHECK(left);
    CHECK_FALSE(last);
    g.open.publish(true);
    w.context().restart();
    w.context().run();
    CHECK(last == 42);
    CHECK(runs == 1);
}

TEST_CASE("a flight that is started for nobody lands all the same, and is joined by who comes meanwhile") {
    worker w(0);
    single_flight<int> flights;
    gate g;
    int runs = 0;
    std::optional<int> joined;
    auto work = [&]() -> task<result<int>> {
        co_await g.pass();
        co_return ++runs;
    };
    spawn(w.executor(), "starter", [&]() -> task<void> {
        flights.start(w, "key", work);
        flights.start(w, "key", work);
        co_return;
    });
    spawn(w.executor(), "joiner", [&]() -> task<void> {
        auto a = co_await flights.run(w, "key", work);
        joined = *a.value;
        CHECK(a.shared);
    });
    w.context().poll();
    g.open.publish(true);
    w.context().restart();
    w.context().run();
    CHECK(runs == 1);
    CHECK(joined == 1);
}

TEST_CASE("who has no time left is told so, and a flight that ran out of its starter's time is flown again") {
    worker w(0);
    single_flight<int> flights;
    gate g;
    int runs = 0;
    std::optional<single_flight<int>::answer> patient, hasty;
    auto work = [&]() -> task<result<int>> {
        bool const first = ++runs == 1;
        co_await g.pass();
        if (first)
            co_return upstream_error(504, "the starter's time is over");
        co_return 42;
    };
    spawn(w.executor(), "hasty", [&]() -> task<void> {
        auto got = co_await flights.run_by(w, "key", work, deadline::after(std::chrono::seconds(0)));
        hasty.emplace(got);
    });
    spawn(w.executor(), "patient", [&]() -> task<void> {
        auto got = co_await flights.run_by(w, "key", work, deadline::after(std::chrono::hours(1)));
        patient.emplace(got);
    });
    w.context().poll();
    REQUIRE(hasty);
    CHECK(hasty->value.error().status == 504);
    CHECK_FALSE(hasty->shared);
    CHECK(!patient);
    g.open.publish(true);
    w.context().restart();
    w.context().run();
    REQUIRE(patient);
    CHECK(patient->value.value() == 42);
    CHECK_FALSE(patient->shared); // the second flight is its own
    CHECK(runs == 2);
}
