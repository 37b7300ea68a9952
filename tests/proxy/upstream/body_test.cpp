// Heads and bodies as an honest origin sends them.
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"

using namespace tests;

TEST_CASE("the body of an answer arrives unchanged with its status, length and fields") {
    scripted_origin origin;
    upstream_bench bench(origin);
    auto const content = pattern(3'000'000);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {{"Docker-Content-Digest", "sha256:abc"}}, content);

    auto response = bench.open("blobs/x");
    REQUIRE(response);
    CHECK(response->status() == 200);
    CHECK(response->content_length() == content.size());
    CHECK(response->header("docker-content-digest") == "sha256:abc");
    CHECK(response->header("absent") == "");
    CHECK(response->endpoint() == bench.config.endpoints[0].to_string());
    CHECK(bench.read_all(*response).value() == content);
}

TEST_CASE("a body that is written slowly is read as its bytes come") {
    scripted_origin origin;
    upstream_bench bench(origin);
    auto const hold = gate::closed();
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(reply().body("abcdef").hold_body(hold));
    auto response = bench.open("blobs/x"); // the head does not wait for the body
    REQUIRE(response);
    std::array<std::byte, 100> to;

    hold->allow(2);
    CHECK(bench.read_some(*response, to).value() == 2);
    hold->allow(1);
    CHECK(bench.read_some(*response, to).value() == 1);
    hold->open();
    CHECK(bench.read_some(*response, to).value() == 3);
    CHECK(bench.read_some(*response, to).value() == 0);
}

TEST_CASE("a chunked body is read to its end") {
    scripted_origin origin;
    upstream_bench bench(origin);
    auto const content = pattern(500'000);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(reply().body(content).chunked(777));

    auto response = bench.open("blobs/x");
    REQUIRE(response);
    CHECK(response->content_length() == std::nullopt);
    CHECK(bench.read_all(*response).value() == content);
}

TEST_CASE("a body without a length ends with its connection") {
    scripted_origin origin;
    upstream_bench bench(origin);
    auto const content = pattern(100'000);
    origin.on("GET", "/v2/library/alpine/tags/list").reply(reply().body(content).until_close());

    CHECK(bench.fetch("tags/list").value().body == content);
}

TEST_CASE("an empty body is empty") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200);

    CHECK(bench.fetch("blobs/x").value().body.empty());
}

TEST_CASE("the answer to a HEAD has a length and no body") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/manifests/1").reply(200, {}, "0123456789");
    auto request = bench.request("manifests/1");
    request.method = proxy::http_method::head;

    auto response = bench.open(request);
    REQUIRE(response);
    CHECK(response->content_length() == 10);
    CHECK(bench.read_all(*response).value().empty());
    CHECK(origin.count("HEAD", "/v2/library/alpine/manifests/1") == 1);
}

TEST_CASE("a range is asked for and its part is given") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").serve("0123456789");
    auto request = bench.request("blobs/x");
    request.range_first = 7;

    auto got = bench.fetch(request);
    CHECK(origin.requests()[0].header("Range") == "bytes=7-");
    CHECK(got.value().status == 206);
    CHECK(got.value().body == "789");
}

TEST_CASE("a part other than the one asked for is an error") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(206, {{"Content-Range", "bytes 5-9/10"}}, "56789");
    auto request = bench.request("blobs/x");
    request.range_first = 7;

    CHECK(bench.fetch(request).error().status == 502);
}

TEST_CASE("a range with an end is asked for, and more than that is an error") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x")
        .reply(206, {{"Content-Range", "bytes 2-4/10"}}, "234")
        .reply(206, {{"Content-Range", "bytes 2-9/10"}}, "23456789");
    auto request = bench.request("blobs/x");
    request.range_first = 2;
    request.range_last = 4;

    CHECK(bench.fetch(request).value().body == "234");
    CHECK(origin.requests()[0].header("Range") == "bytes=2-4");
    CHECK(bench.fetch(request).error().status == 502);
}

TEST_CASE("interim answers are passed over") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x")
        .reply(reply().raw(
            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));

    CHECK(bench.fetch("blobs/x").value().body == "ok");
}

TEST_CASE("a request says who asks, for plain bytes, and for what it accepts") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/tags/list").reply(200);
    auto request = bench.request("tags/list?n=5&last=a");
    request.accept = "application/json, text/plain";
    REQUIRE(bench.open(request));

    auto const seen = origin.requests()[0];
    CHECK(seen.target == "/v2/library/alpine/tags/list?n=5&last=a");
    CHECK(seen.header("Accept") == "application/json, text/plain");
    CHECK(seen.header("Accept-Encoding") == "identity");
    CHECK(seen.header("User-Agent").starts_with("layerd/"));
    CHECK(seen.header("Host") == "127.0.0.1:" + std::to_string(origin.port()));
    CHECK_FALSE(seen.has_header("Authorization"));
}

TEST_CASE("an endpoint's path stands before the registry's own") {
    scripted_origin origin;
    upstream_bench bench(origin);
    bench.config.endpoints[0].path = "/mirror";
    origin.on("GET", "/mirror/v2/library/alpine/blobs/x").reply(200, {}, "m");

    CHECK(bench.fetch("blobs/x").value().body == "m");
}

TEST_CASE("a path that would break out of its line is never sent") {
    scripted_origin origin;
    upstream_bench bench(origin);

    CHECK(bench.open("blobs/x HTTP/1.1\r\nX-Smuggled: 1\r\n\r\n").error().source == proxy::error_source::internal);
    CHECK(origin.requests().empty());
}

TEST_CASE("a body larger than the reader's limit is an error") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/manifests/1").reply(200, {}, std::string(1001, 'x'));
    origin.on("GET", "/v2/library/alpine/manifests/2").reply(reply().body(std::string(1001, 'x')).chunked());

    for (auto const* path : {"manifests/1", "manifests/2"}) {
        auto response = bench.open(path);
        REQUIRE(response);
        CHECK(bench.read_all(*response, bench.ample, 1000).has_error());
    }
}

TEST_CASE("requests, body bytes and errors are counted") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {}, "12345");
    origin.on("GET", "/v2/library/alpine/blobs/y").reply(reply().body("1234567890").cut_at(4));
    origin.on("GET", "/v2/library/alpine/blobs/z").reply(503);

    CHECK(bench.fetch("blobs/x"));
    CHECK(bench.counters.errors == 0);
    CHECK_FALSE(bench.fetch("blobs/y"));
    CHECK(bench.counters.errors == 1);
    CHECK_FALSE(bench.fetch("blobs/z"));
    CHECK(bench.counters.errors == 2);
    CHECK(bench.counters.requests == 3);
    CHECK(bench.counters.bytes == 9);
}
