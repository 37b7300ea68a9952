#include "proxy/stats/latency_histogram.h"

#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

TEST_CASE("each latency falls into the bucket whose bounds enclose it") {
    for (auto us = 1ull; us < 2'000'000'000ull; us = us * 9 / 8 + 1) {
        auto const b = latency_histogram::bucket_of(std::chrono::microseconds(us));
        auto const s = static_cast<double>(us) / 1e6;
        INFO(us << " us in bucket " << b);
        CHECK(latency_histogram::lower_bound(b) <= s);
        if (b + 1 < latency_histogram::bucket_count)
            CHECK(s < latency_histogram::lower_bound(b + 1));
    }
    CHECK(latency_histogram::bucket_of(-5s) == 0);
    CHECK(latency_histogram::bucket_of(24h) == latency_histogram::bucket_count - 1);
}

TEST_CASE("bounds grow by a third or a half") {
    for (std::size_t b = 3; b < latency_histogram::bucket_count; ++b) {
        auto const growth = latency_histogram::lower_bound(b) / latency_histogram::lower_bound(b - 1);
        CHECK(growth > 1.3);
        CHECK(growth < 1.51);
    }
}

TEST_CASE("quantiles of a latency are right to the width of a bucket") {
    latency_histogram h;
    CHECK_FALSE(h.quantile(0.5));
    for (int ms = 1; ms <= 1000; ++ms)
        h.add(std::chrono::milliseconds(ms));
    CHECK(h.total() == 1000);
    for (double const q : {0.01, 0.5, 0.95, 0.99}) {
        INFO(q);
        CHECK(*h.quantile(q) == Approx(q).epsilon(0.05));
    }
    CHECK(*h.quantile(0) >= 0.0007);
    CHECK(*h.quantile(1) <= 1.1);
}

TEST_CASE("what lies beyond the last bucket counts in it") {
    latency_histogram h;
    h.add(24h);
    CHECK(*h.quantile(0.5) >= latency_histogram::lower_bound(latency_histogram::bucket_count - 1));
}
