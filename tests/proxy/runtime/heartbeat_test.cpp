#include "proxy/runtime/heartbeat.h"
#include "proxy/runtime/spawn.h"
#include "tests/catch.h"
#include "tests/support/running_server.h"

#include <array>
#include <atomic>
#include <future>

using namespace proxy;
using namespace std::chrono_literals;

namespace {

// Two loops that turn only when the test says so.
struct two_loops {
    two_loops() {
        for (std::size_t i = 0; i < 2; ++i)
            spawn(loops[i].get_executor(), "heartbeat", [this, i] { return beat.run(i); });
    }
    ~two_loops() {
        for (std::size_t i = 0; i < 2; ++i) {
            beat.stop(i);
            loops[i].run();
        }
    }
    void turn(std::size_t i, int times) {
        while (times-- > 0)
            loops[i].run_one();
    }
    void turn_until_beat(std::size_t i, int count) {
        while (beats < count)
            loops[i].run_one();
    }

    int beats = 0;
    std::array<net::io_context, 2> loops;
    heartbeat beat{{loops[0].get_executor(), loops[1].get_executor()}, 1ms, [this] { ++beats; }};
};

} // namespace

TEST_CASE("a beat needs every event loop to have turned since the last one") {
    two_loops t;
    t.turn(0, 10);
    CHECK(t.beats == 0); // the second hangs
    t.turn_until_beat(1, 1);
    t.turn(1, 10);
    CHECK(t.beats == 1); // now the first one does
    t.turn_until_beat(0, 2);
    CHECK(t.beats == 2);
}

TEST_CASE("a running server beats until it is stopped") {
    tests::temp_folder const store;
    tests::running_server server(tests::test_config(store.path(), 9));
    std::atomic<int> beats{0};
    std::promise<void> third;
    server.get().watch(1ms, [&] {
        if (++beats == 3)
            third.set_value();
    });
    CHECK(third.get_future().wait_for(60s) == std::future_status::ready);
    server.stop(); // a loop that went on beating would not let it
}
