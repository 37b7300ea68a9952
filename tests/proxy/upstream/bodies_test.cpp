// What an endpoint's bodies say about it, which no head does.
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"

using namespace tests;
using namespace std::chrono_literals;

namespace {

std::string const blob = "/v2/library/alpine/blobs/x";

// The first endpoint cuts each body.
struct broken_first {
    broken_first() {
        bench.config.endpoints = {first.endpoint(), second.endpoint()};
        first.on("GET", blob).reply(reply().body("first").cut_at(2));
        second.on("GET", blob).reply(200, {}, "second");
    }
    std::string served_by(proxy::upstream_request r) {
        auto response = bench.open(std::move(r));
        REQUIRE(response);
        return response->endpoint() == bench.config.endpoints[0].to_string() ? "first" : "second";
    }
    std::string served_by() { return served_by(bench.request("blobs/x")); }

    scripted_origin first, second;
    upstream_bench bench;
};

} // namespace

TEST_CASE("an endpoint whose body broke off is asked after the others for a while") {
    broken_first t;
    CHECK(!t.bench.fetch("blobs/x"));
    CHECK(t.bench.subject().endpoints()[0].body_failures == 1);
    CHECK(t.bench.subject().endpoints()[0].breaker == proxy::breaker_state::closed);
    CHECK(t.served_by() == "second");
    t.bench.now += 1s;
    CHECK(t.served_by() == "first");
}

TEST_CASE("an endpoint is asked though its bodies break if no other answers") {
    broken_first t;
    t.second.on("GET", "/v2/library/alpine/blobs/y").reply(500);
    t.first.on("GET", "/v2/library/alpine/blobs/y").reply(200, {}, "first");
    CHECK(!t.bench.fetch("blobs/x"));
    CHECK(t.bench.fetch("blobs/y").value().body == "first");
}

TEST_CASE("one body at a time tries an endpoint whose pause is over, at most every four seconds") {
    broken_first t;
    for (auto const pause : {1s, 2s, 4s, 4s}) {
        CHECK(!t.bench.fetch("blobs/x"));
        t.bench.now += pause - 1ms;
        CHECK(t.served_by() == "second");
        t.bench.now += 1ms;
        auto const trial = t.bench.open("blobs/x");
        REQUIRE(trial);
        CHECK(trial->endpoint() == t.bench.config.endpoints[0].to_string());
        CHECK(t.served_by() == "second");
    }
}

TEST_CASE("a body that was right puts its endpoint back at its place") {
    broken_first t;
    CHECK(!t.bench.fetch("blobs/x"));
    t.bench.now += 1s;
    auto const trial = t.bench.open("blobs/x");
    REQUIRE(trial);
    trial->account()->right();
    CHECK(t.served_by() == "first");
    CHECK(t.bench.subject().endpoints()[0].body_failures == 0);
}

TEST_CASE("blobs that break say nothing about manifests") {
    broken_first t;
    for (auto* o : {&t.first, &t.second})
        o->on("GET", "/v2/library/alpine/manifests/1").reply(200, {}, "{}");
    CHECK(!t.bench.fetch("blobs/x"));
    CHECK(t.served_by(t.bench.request("manifests/1")) == "first");
}

TEST_CASE("who asks says which endpoints come last, or that there is but one") {
    broken_first t;
    auto last = t.bench.request("blobs/x");
    last.where.last.add(0);
    CHECK(t.served_by(last) == "second");
    last.where.last.add(1);
    CHECK(t.served_by(last) == "first");
    auto only = t.bench.request("blobs/x");
    only.where.only = 1;
    CHECK(t.served_by(only) == "second");
}

TEST_CASE("what an endpoint that is asked early does not have is decided by the last of the configuration") {
    broken_first t;
    auto r = t.bench.request("blobs/none");
    r.where.last.add(0);
    t.first.on("GET", "/v2/library/alpine/blobs/none").reply(500);
    CHECK(t.bench.fetch(r).value().status == 404);
}
