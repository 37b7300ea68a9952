#include "proxy/runtime/least_rate.h"
#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

TEST_CASE("a byte now and then is no body") {
    least_rate r(30s);
    CHECK(r.keeps_up(1, 29s));
    CHECK_FALSE(r.keeps_up(1, 29s));
}

TEST_CASE("a slow line that brings its kilobyte a second may take as long as it takes") {
    least_rate r(30s);
    for (int hour = 0; hour < 24 * 120; ++hour)
        CHECK(r.keeps_up(31 * 1024, 30s));
}

TEST_CASE("a pause within the window is made up for by what comes after it") {
    least_rate r(30s);
    CHECK(r.keeps_up(1, 29s));
    CHECK(r.keeps_up(256 * 1024, 2s));
    CHECK(r.keeps_up(1, 29s)); // a window of its own
}

TEST_CASE("bytes that were there already cost no time") {
    least_rate r(30s);
    for (int i = 0; i < 100'000; ++i)
        CHECK(r.keeps_up(1, 0s));
}
