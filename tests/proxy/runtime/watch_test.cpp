#include "proxy/runtime/watch.h"

#include "proxy/runtime/spawn.h"
#include "proxy/runtime/worker.h"
#include "tests/catch.h"

#include <boost/asio/thread_pool.hpp>

using namespace proxy;

TEST_CASE("a value published before the wait is seen at once") {
    worker w(0);
    watch<int> value(1);
    auto const before = value.get();
    value.publish(2);
    int seen = 0;
    spawn(w.executor(), "waiter", [&]() -> task<void> { seen = (co_await value.changed(before.version)).value; });
    w.context().run();
    CHECK(seen == 2);
}

// Publishers on a pool, waiters on two event loops: nobody may miss the last value.
TEST_CASE("waiters on several threads all see the last value") {
    constexpr int last = 20000;
    watch<int> value(0);
    worker a(0), b(1);
    int done = 0;
    std::mutex mutex;
    auto follow = [&]() -> task<void> {
        auto seen = value.get();
        while (seen.value != last) {
            auto const next = co_await value.changed(seen.version);
            if (next.value < seen.value)
                throw std::logic_error("went backwards");
            seen = next;
        }
        std::lock_guard lock(mutex);
        ++done;
    };
    for (int i = 0; i < 8; ++i) {
        spawn(a.executor(), "waiter", follow);
        spawn(b.executor(), "waiter", follow);
    }
    net::thread_pool pool(3);
    net::post(pool, [&] {
        for (int i = 1; i <= last; ++i)
            value.publish(i);
    });
    net::post(pool, [&] { a.context().run(); });
    net::post(pool, [&] { b.context().run(); });
    pool.join();
    CHECK(done == 16);
}
