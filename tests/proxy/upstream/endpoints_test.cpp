// Several endpoints of one upstream: in order, each with a fair share of the time.
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"

using namespace tests;

namespace {

std::string const blob = "/v2/library/alpine/blobs/x";

struct two_endpoints {
    two_endpoints() {
        bench.config.endpoints = {first.endpoint(), second.endpoint()};
        second.on("GET", blob).reply(200, {}, "second");
    }

    scripted_origin first, second;
    upstream_bench bench;
};

} // namespace

TEST_CASE("the first endpoint answers while it can") {
    two_endpoints t;
    t.first.on("GET", blob).reply(200, {}, "first");

    CHECK(t.bench.fetch("blobs/x").value().body == "first");
    CHECK(t.second.connections() == 0);
}

TEST_CASE("the next endpoint is asked when one fails, is limited, or denies us") {
    for (unsigned status : {500u, 503u, 429u, 403u, 401u}) {
        INFO(status);
        two_endpoints t;
        t.first.on("GET", blob).reply(status);
        auto response = t.bench.open("blobs/x");
        REQUIRE(response);
        CHECK(response->endpoint() == t.bench.config.endpoints[1].to_string());
        CHECK(t.bench.read_all(*response).value() == "second");
    }
}

TEST_CASE("the next endpoint is asked when one drops the connection") {
    two_endpoints t;
    t.first.on("GET", blob).reply(reply().drop_before_head());
    CHECK(t.bench.fetch("blobs/x").value().body == "second");
}

TEST_CASE("what the first endpoint does not have is asked of the next, which may be the whole registry") {
    two_endpoints t;
    CHECK(t.bench.fetch("blobs/x").value().body == "second");
}

TEST_CASE("what no endpoint has is 404") {
    two_endpoints t;
    CHECK(t.bench.fetch("blobs/none").value().status == 404);
    CHECK(t.first.count("GET", "/v2/library/alpine/blobs/none") == 1);
    CHECK(t.second.count("GET", "/v2/library/alpine/blobs/none") == 1);
}

TEST_CASE("what one endpoint does not have and another cannot say is no 404") {
    two_endpoints t;
    t.second.on("GET", "/v2/library/alpine/blobs/none").reply(500);
    CHECK(t.bench.fetch("blobs/none").error().status == 502);
}

TEST_CASE("any other refusal of the first endpoint is the answer") {
    two_endpoints t;
    t.first.on("GET", blob).reply(416);
    CHECK(t.bench.fetch("blobs/x").value().status == 416);
    CHECK(t.second.connections() == 0);
}

TEST_CASE("an endpoint that hangs leaves time for the next") {
    two_endpoints t;
    t.first.on("GET", blob).reply(reply().hold_head(gate::closed()));
    auto response = t.bench.open("blobs/x", proxy::milliseconds(4000));
    REQUIRE(response);
    CHECK(t.bench.read_all(*response).value() == "second");
}

TEST_CASE("when all endpoints fail the last one's error is told, and each is counted") {
    two_endpoints t;
    t.first.on("GET", blob).reply(500);
    t.bench.config.endpoints.pop_back();
    scripted_origin limited;
    limited.on("GET", blob).reply(429);
    t.bench.config.endpoints.push_back(limited.endpoint());

    CHECK(t.bench.fetch("blobs/x").error().status == 503);
    CHECK(t.bench.counters.errors == 2);
}
