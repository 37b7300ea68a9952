#include "proxy/runtime/pacer.h"
#include "tests/catch.h"

using namespace std::chrono_literals;

namespace {

proxy::steady_clock::time_point const start{1000h};

} // namespace

TEST_CASE("who has been idle may send a quarter of a second's bytes, then waits for each") {
    proxy::pacer p(1'000'000);
    CHECK(p.take(250'000, start) == 0ns);
    CHECK(p.take(100'000, start) == 0ns);
    CHECK(p.take(100'000, start) == 100ms);
    CHECK(p.take(1, start + 100ms) == 100ms);
    CHECK(p.take(1, start + 10s) == 0ns);
}

TEST_CASE("many takers together get no more than one alone") {
    proxy::pacer p(1'000'000);
    std::chrono::nanoseconds last{0};
    for (int i = 0; i < 1000; ++i)
        last = p.take(10'000, start);
    CHECK(last > 9700ms);
    CHECK(last < 10s);
}

TEST_CASE("what did not leave weighs on nobody") {
    proxy::pacer p(1'000'000);
    p.take(1'000'000, start);
    p.give_back(1'000'000);
    CHECK(p.take(250'000, start) == 0ns);
    CHECK_FALSE(p.is_idle(start));
    CHECK(p.is_idle(start + 1s));
}

TEST_CASE("pieces are small enough for connections to take turns, whatever the rate") {
    CHECK(proxy::pacer(64 * 1024).piece() == 8192);
    CHECK(proxy::pacer(1).piece() == 4096);
    CHECK(proxy::pacer(10ull << 30).piece() == 256 * 1024);
}
