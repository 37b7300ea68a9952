#include "proxy/upstream/circuit_breaker.h"
#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

namespace {

struct breaker_bench {
    circuit_breaker b;
    steady_clock::time_point now{1000h};

    circuit_breaker::entry enter() { return b.enter(now); }
    void fail(failure_kind kind = failure_kind::quick) { b.failed(enter(), kind, now); }
    void open() {
        while (b.state() == breaker_state::closed)
            fail();
    }
};

using entry = circuit_breaker::entry;

} // namespace

TEST_CASE("an endpoint that fails six times in a row is not asked again at once") {
    breaker_bench t;
    for (unsigned i = 0; i < circuit_breaker::threshold; ++i) {
        CHECK(t.enter() == entry::free);
        t.b.failed(entry::free, failure_kind::quick, t.now);
    }
    CHECK(t.b.state() == breaker_state::open);
    CHECK(t.enter() == entry::refused);
}

TEST_CASE("two failures that took a client's time are enough") {
    breaker_bench t;
    t.fail(failure_kind::slow);
    CHECK(t.b.state() == breaker_state::closed);
    t.fail(failure_kind::slow);
    CHECK(t.b.state() == breaker_state::open);
}

TEST_CASE("one success forgets the failures before it") {
    breaker_bench t;
    for (int i = 0; i < 100; ++i) {
        t.fail();
        t.fail();
        t.b.succeeded();
    }
    CHECK(t.b.state() == breaker_state::closed);
}

TEST_CASE("before the first success nobody knows whether an endpoint works") {
    breaker_bench t;
    CHECK_FALSE(t.b.has_succeeded());
    t.fail();
    t.b.abandoned(t.enter(), t.now);
    CHECK_FALSE(t.b.has_succeeded());
    t.b.succeeded();
    t.open();
    CHECK(t.b.has_succeeded());
}

TEST_CASE("after the pause one request tries the endpoint, and the others wait for what it finds") {
    breaker_bench t;
    t.open();
    t.now += circuit_breaker::first_pause;
    CHECK(t.enter() == entry::probe);
    CHECK(t.b.state() == breaker_state::half_open);
    CHECK(t.enter() == entry::refused);
    t.b.succeeded();
    CHECK(t.enter() == entry::free);
}

TEST_CASE("the pause grows with each probe that fails, to less than five seconds") {
    breaker_bench t;
    t.open();
    std::vector<std::chrono::milliseconds> pauses;
    for (int i = 0; i < 4; ++i) {
        pauses.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(t.b.next_try() - t.now));
        t.now = t.b.next_try();
        REQUIRE(t.enter() == entry::probe);
        t.b.failed(entry::probe, failure_kind::slow, t.now);
    }
    CHECK(pauses == std::vector<std::chrono::milliseconds>{1000ms, 2000ms, 4000ms, 4000ms});
}

TEST_CASE("a probe that ended without saying anything leaves the next one its turn") {
    breaker_bench t;
    t.open();
    t.now += circuit_breaker::first_pause;
    t.b.abandoned(t.enter(), t.now);
    CHECK(t.enter() == entry::probe);
}

TEST_CASE("what was sent before the breaker opened decides nothing when it fails late") {
    breaker_bench t;
    auto const late = t.enter();
    t.open();
    auto const next = t.b.next_try();
    t.now += 500ms;
    t.b.failed(late, failure_kind::slow, t.now);
    CHECK(t.b.next_try() == next);
}

TEST_CASE("what was sent before the breaker opened closes it when it succeeds late") {
    breaker_bench t;
    t.open();
    t.b.succeeded();
    CHECK(t.b.state() == breaker_state::closed);
}

TEST_CASE("a probe that hangs does not put the next one off") {
    breaker_bench t;
    t.open();
    for (int i = 0; i < 5; ++i) {
        t.now = t.b.next_try();
        auto const began = t.now;
        REQUIRE(t.enter() == entry::probe);
        t.now += 3s;
        t.b.failed(entry::probe, failure_kind::slow, t.now);
        CHECK(t.b.next_try() - began <= circuit_breaker::longest_pause);
    }
}
