// Connections that are used again, and when they must not be.
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"

using namespace tests;

TEST_CASE("requests one after another share a connection") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {}, pattern(100'000));
    origin.on("GET", "/v2/library/alpine/blobs/y").reply(reply().body("chunked").chunked());
    origin.on("GET", "/v2/library/alpine/blobs/z").reply(200);
    auto head = bench.request("blobs/x");
    head.method = proxy::http_method::head;

    for (int i = 0; i < 3; ++i)
        for (auto const* path : {"blobs/x", "blobs/y", "blobs/z", "blobs/absent"})
            REQUIRE(bench.fetch(path));
    REQUIRE(bench.open(head));
    REQUIRE(bench.fetch("blobs/x"));
    CHECK(origin.requests().size() == 14);
    CHECK(origin.connections() == 1);
    CHECK(bench.counters.connections == 1);
}

TEST_CASE("requests at the same time have a connection each") {
    scripted_origin origin;
    upstream_bench bench(origin);
    auto const hold = gate::closed();
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(reply().body("x").hold_body(hold));

    auto first = bench.open("blobs/x");
    auto second = bench.open("blobs/x");
    hold->open();
    CHECK(bench.read_all(first.value()).value() == "x");
    CHECK(bench.read_all(second.value()).value() == "x");
    CHECK(origin.connections() == 2);
}

TEST_CASE("a kept connection that upstream has closed is replaced before it is used") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {}, "x");
    REQUIRE(bench.fetch("blobs/x"));

    origin.drop_connections();
    CHECK(bench.fetch("blobs/x").value().body == "x");
    CHECK(origin.connections() == 2);
}

TEST_CASE("a request on a kept connection that dies unanswered is sent once more on a fresh one") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x")
        .reply(200, {}, "first")
        .reply(reply().drop_before_head())
        .reply(200, {}, "third");

    CHECK(bench.fetch("blobs/x").value().body == "first");
    CHECK(bench.fetch("blobs/x").value().body == "third");
    CHECK(origin.connections() == 2);
    CHECK(bench.counters.errors == 0);
}

TEST_CASE("a request that dies on a fresh connection is not sent again") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(reply().drop_before_head()).reply(200, {}, "x");

    auto const e = bench.fetch("blobs/x").error();
    CHECK(e.retry == proxy::retry_class::next_endpoint);
    CHECK(origin.requests().size() == 1);
}

TEST_CASE("a connection that was idle too long is not used again") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {}, "x");

    REQUIRE(bench.fetch("blobs/x"));
    bench.now += std::chrono::seconds(56);
    REQUIRE(bench.fetch("blobs/x"));
    CHECK(origin.connections() == 2);
}

TEST_CASE("an answer that says close is the last of its connection") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {{"Connection", "close"}}, "x");

    REQUIRE(bench.fetch("blobs/x"));
    REQUIRE(bench.fetch("blobs/x"));
    CHECK(origin.connections() == 2);
}

TEST_CASE("the connection goes back as soon as the last byte is read") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {}, "12345");
    auto first = bench.open("blobs/x");
    REQUIRE(first);
    std::array<std::byte, 5> to;
    REQUIRE(bench.read_some(*first, to).value() == 5);

    REQUIRE(bench.fetch("blobs/x")); // while `first` is still there
    CHECK(origin.connections() == 1);
}
