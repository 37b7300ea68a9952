#include "proxy/stats/stats.h"

#include "tests/catch.h"

using namespace proxy;

namespace {

constexpr auto blob = static_cast<std::size_t>(content_class::blob);
constexpr auto hit = static_cast<std::size_t>(outcome::hit);

void count_something(stats& s) {
    s.on(0).requests[blob][hit].add(3);
    s.on(1).requests[blob][hit].add(4);
    s.on(1).bytes_served.add(1000);
    s.on(0).bytes_from_cache.add(600);
    s.on(0).unstored.add(2);
    s.on(1).unstored.add();
    s.on(0).first_byte[5].add(2);
    s.upstream("docker.io").bytes += 400;
    s.upstream("docker.io").requests += 2;
}

} // namespace

TEST_CASE("totals are the sum over threads and upstreams") {
    stats s(2);
    count_something(s);
    auto const t = s.totals();
    CHECK(t.requests[blob][hit] == 7);
    CHECK(t.bytes_served == 1000);
    CHECK(t.bytes_from_cache == 600);
    CHECK(t.bytes_from_upstream() == 400);
    CHECK(t.first_byte[5] == 2);
}

TEST_CASE("totals go on where the run before them ended") {
    stats before(2);
    count_something(before);
    stats after(1);
    after.restore(before.save());
    after.on(0).requests[blob][hit].add();
    after.upstream("docker.io").requests += 1;
    auto const t = after.totals();
    CHECK(t.requests[blob][hit] == 8);
    CHECK(t.bytes_served == 1000);
    CHECK(t.unstored == 3);
    CHECK(t.first_byte[5] == 2);
    CHECK(t.upstreams.at("docker.io").requests == 3);
    CHECK(t.upstreams.at("docker.io").bytes == 400);
}

TEST_CASE("what was counted since the start begins at zero in each run") {
    stats before(2);
    count_something(before);
    stats after(1);
    after.restore(before.save());
    CHECK(after.since_start().bytes_served == 0);
    after.upstream("docker.io").requests += 1;
    CHECK(after.since_start().upstreams.at("docker.io").requests == 1);
    CHECK(after.since_start().upstreams.at("docker.io").bytes == 0);
}

TEST_CASE("a saved text that makes no sense restores nothing and harms nothing") {
    for (auto const* text :
         {"", "garbage", "[]", "{}", R"({"requests":5,"bytes_served":"x","first_byte":[1,"a"],"upstreams":{"a":1}})"}) {
        stats s(1);
        s.restore(text);
        CHECK(s.totals().bytes_served == 0);
        CHECK(s.totals().upstreams.empty());
    }
}
