#include "proxy/stats/traffic.h"

#include "store/byte_codec.h"
#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

namespace {

constexpr auto manifest = static_cast<std::size_t>(content_class::manifest);
constexpr auto blob = static_cast<std::size_t>(content_class::blob);

auto& count(traffic& t, std::size_t content, outcome o) {
    return t.requests[content][static_cast<std::size_t>(o)];
}

traffic some() {
    traffic t;
    count(t, manifest, outcome::hit) = 3;
    count(t, blob, outcome::miss) = 1;
    count(t, blob, outcome::error) = 2;
    t.bytes_served = 1'000'000'000'000;
    t.bytes_from_cache = 700'000'000'000;
    t.bytes_from_upstream = 300'000'000'000;
    t.bytes_pushed = 5;
    t.upstream_requests = 7;
    t.upstream_errors = 1;
    t.pulls_saved = 2;
    t.time_saved_us = 123456;
    t.money_saved_nano = -17;
    t.server_errors = 1;
    t.revalidations = 9;
    t.revalidations_unchanged = 8;
    t.returned_objects = 4;
    t.returned_bytes = 4096;
    t.hosted_hits = 1;
    t.unstored = 2;
    t.integrity_failures = 3;
    t.first_byte.add(3ms);
    t.total.add(2s);
    t.upstream.add(24h);
    return t;
}

} // namespace

TEST_CASE("traffic comes back from its row as it was") {
    CHECK(decode_traffic(encode(some())) == some());
    CHECK(decode_traffic(encode(traffic())) == traffic());
    CHECK(encode(traffic()).empty());
}

TEST_CASE("a row of traffic that a newer version wrote is read without what is new") {
    store::byte_writer w;
    w.number(10'000);
    w.number(1);
    CHECK(decode_traffic(w.take()) == traffic());
    store::byte_writer between;
    between.number(63); // a number that has no field yet
    between.number(5);
    between.number(1);
    between.number(42); // bytes served
    CHECK(decode_traffic(between.take())->bytes_served == 42);
}

TEST_CASE("a row of traffic that is cut off or no row at all is nothing") {
    auto const bytes = encode(some());
    CHECK_FALSE(decode_traffic(bytes.substr(0, bytes.size() - 1)));
    CHECK_FALSE(decode_traffic("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
}

TEST_CASE("traffic adds up field by field") {
    auto t = some();
    t += some();
    CHECK(count(t, manifest, outcome::hit) == 6);
    CHECK(t.bytes_served == 2'000'000'000'000);
    CHECK(t.money_saved_nano == -34);
    CHECK(t.total.total() == 2);
    CHECK(t.count() == 12);
}

TEST_CASE("ratios of traffic are nothing where there was none") {
    CHECK_FALSE(traffic().hit_ratio());
    CHECK_FALSE(traffic().byte_hit_ratio());
    auto const t = some();
    CHECK(*t.hit_ratio() == Approx(0.75)); // errors are neither hit nor miss
    CHECK(*t.byte_hit_ratio() == Approx(0.7));
    CHECK(t.bytes_saved() == 700'000'000'000);
    CHECK(t.requests_saved() == 2); // the third hit was of what is hosted
}
