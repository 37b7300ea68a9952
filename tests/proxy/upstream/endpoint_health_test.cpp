#include "proxy/upstream/endpoint_health.h"
#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

namespace {

struct health_bench {
    steady_clock::time_point now{1000h};
    endpoint_health health{"https://r.example", [this] { return now; }};

    endpoint_health::permit enter(request_class c = request_class::other) {
        auto p = health.enter(c);
        REQUIRE(p);
        return std::move(*p);
    }
    bool may(request_class c) {
        auto p = health.enter(c);
        if (p)
            p->succeeded();
        return p.has_value();
    }
};

} // namespace

TEST_CASE("while an endpoint's breaker is open a request is told when to come back") {
    health_bench t;
    for (unsigned i = 0; i < circuit_breaker::threshold; ++i)
        t.enter().failed(failure_kind::quick, "connection refused");
    auto const refused = t.health.enter(request_class::blob);
    REQUIRE(!refused);
    CHECK(refused.error().status == 503);
    CHECK(refused.error().retry_after == 1s);
    CHECK(t.health.report().breaker == breaker_state::open);
    CHECK(t.health.report().last_error == "connection refused");
}

TEST_CASE("a permit that nobody told anything keeps no probe back") {
    health_bench t;
    for (unsigned i = 0; i < circuit_breaker::threshold; ++i)
        t.enter().failed(failure_kind::quick, "");
    t.now += 1s;
    { auto const probe = t.enter(); }
    CHECK(t.may(request_class::blob));
}

TEST_CASE("an endpoint that says how long to stay away is left alone so long") {
    health_bench t;
    CHECK(t.enter().limited(limit_kind::requests, 30s) == 30s);
    for (auto const c : {request_class::pull, request_class::blob, request_class::other}) {
        auto const refused = t.health.enter(c);
        REQUIRE(!refused);
        CHECK(refused.error().retry_after == 30s);
    }
    CHECK(t.health.report().limited_for == 30s);
    t.now += 30s;
    CHECK(t.may(request_class::pull));
    CHECK(t.health.report().limited_for == 0s);
}

TEST_CASE("a pull limit keeps back what is counted, and nothing else") {
    health_bench t;
    t.enter(request_class::pull).limited(limit_kind::pulls, 60s);
    CHECK(!t.may(request_class::pull));
    CHECK(t.may(request_class::other));
    CHECK(t.may(request_class::blob));
    CHECK(t.health.report().limited_by == limit_kind::pulls);
}

TEST_CASE("the limit of a CDN keeps back what was asked of it") {
    health_bench t;
    t.enter(request_class::blob).limited_elsewhere(10s);
    CHECK(!t.may(request_class::blob));
    CHECK(t.may(request_class::pull));
}

TEST_CASE("where no time is told the pause grows when the limit is met again") {
    health_bench t;
    for (auto const expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
        CHECK(t.enter(request_class::pull).limited(limit_kind::pulls, {}) == expected);
        t.now += expected;
    }
    CHECK(t.may(request_class::pull));
    CHECK(t.enter(request_class::pull).limited(limit_kind::pulls, {}) == 1s);
}

TEST_CASE("many requests that meet a limit together meet it once") {
    health_bench t;
    std::vector<endpoint_health::permit> under_way;
    for (int i = 0; i < 50; ++i)
        under_way.push_back(t.enter(request_class::pull));
    for (auto& p : under_way)
        CHECK(p.limited(limit_kind::pulls, {}) == 1s);
}

TEST_CASE("a shorter time told later does not shorten the pause") {
    health_bench t;
    auto first = t.enter(), second = t.enter();
    first.limited(limit_kind::requests, 60s);
    CHECK(second.limited(limit_kind::requests, 1s) == 60s);
}

TEST_CASE("a budget is believed until its window is over") {
    health_bench t;
    CHECK(!t.health.budget());
    t.health.saw({100, 76, 21600s});
    t.now += 21600s;
    CHECK(t.health.budget() == pull_budget{100, 76, 21600s});
    CHECK(t.health.report().budget_age == 21600s);
    t.now += 1s;
    CHECK(!t.health.budget());
}

TEST_CASE("when a limit's time is over one request of each class finds out whether it is still there") {
    health_bench t;
    t.enter(request_class::pull).limited(limit_kind::requests, 30s);
    t.now += 30s;
    auto first = t.enter(request_class::pull);
    CHECK(t.health.enter(request_class::pull).error().retry_after == 1s);
    CHECK(t.may(request_class::blob));
    first.limited(limit_kind::requests, 30s);
    t.now += 30s;
    auto second = t.enter(request_class::pull);
    CHECK(!t.health.enter(request_class::pull));
    second.succeeded();
    auto const third = t.enter(request_class::pull), fourth = t.enter(request_class::pull);
}

TEST_CASE("what was sent before a limit was met says nothing about its end") {
    health_bench t;
    auto early = t.enter();
    t.enter().limited(limit_kind::requests, 30s);
    early.succeeded();
    t.now += 30s;
    auto const first = t.enter();
    CHECK(!t.health.enter(request_class::other));
}

TEST_CASE("a try that ended without saying anything leaves the next one its turn") {
    health_bench t;
    t.enter().limited(limit_kind::requests, 30s);
    t.now += 30s;
    { auto const nobody = t.enter(); }
    t.enter().failed(failure_kind::quick, "");
    CHECK(t.may(request_class::other));
}
