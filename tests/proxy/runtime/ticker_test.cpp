#include "proxy/runtime/ticker.h"

#include "tests/catch.h"
#include "tests/support/run_io.h"

#include <boost/asio/post.hpp>

using namespace tests;

namespace {

// What a ticker of no period did until it was stopped, from within its `stop_at`th work or beside it.
int ticks_until(int stop_at, bool while_it_works) {
    proxy::worker w(0);
    proxy::ticker t(w.executor(), proxy::steady_clock::duration::zero());
    int ticks = 0;
    auto work = [&]() -> proxy::task<void> {
        ++ticks;
        if (ticks == stop_at && while_it_works)
            t.stop(); // as from another coroutine while this one waits for the disk
        if (ticks == stop_at && !while_it_works)
            proxy::net::post(w.executor(), [&t] { t.stop(); });
        co_await proxy::net::post(w.executor(), proxy::use_task);
    };
    auto run = [&]() -> proxy::task<bool> {
        co_await t.run(work);
        co_return true;
    };
    CHECK(run_io(w, run));
    return ticks;
}

} // namespace

TEST_CASE("a ticker that is stopped while it works ends with that work") {
    CHECK(ticks_until(3, true) == 3);
}

TEST_CASE("a ticker that is stopped between two works ends") {
    CHECK(ticks_until(3, false) >= 3);
}

TEST_CASE("a ticker that was stopped before it ran does nothing") {
    proxy::worker w(0);
    proxy::ticker t(w.executor(), std::chrono::hours(1));
    t.stop();
    bool worked = false;
    auto work = [&]() -> proxy::task<void> {
        worked = true;
        co_return;
    };
    auto run = [&]() -> proxy::task<bool> {
        co_await t.run(work);
        co_return true;
    };
    CHECK(run_io(w, run));
    CHECK_FALSE(worked);
}
