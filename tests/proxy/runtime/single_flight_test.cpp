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
