// Origins that fail, lie, or fall silent.
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"

using namespace tests;
using proxy::milliseconds;

namespace {

constexpr milliseconds short_while{200}; // a bound that a test hits, not one it waits out

proxy::error failure_of(scripted_reply r) {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(std::move(r));
    return bench.fetch("blobs/x").error();
}

} // namespace

TEST_CASE("a truncated body is an error that another endpoint may mend") {
    auto const e = failure_of(reply().body("0123456789").cut_at(6));
    CHECK(e.code == oci::errc::unavailable);
    CHECK(e.status == 502);
    CHECK(e.retry == proxy::retry_class::next_endpoint);
    CHECK(e.source == proxy::error_source::upstream);
}

TEST_CASE("a body cut off inside a chunk is an error") {
    CHECK(failure_of(reply().body(pattern(5000)).chunked(1000).cut_at(2500)).status == 502);
}

TEST_CASE("a body shorter than its announced length is an error") {
    CHECK(failure_of(reply().body("short").claimed_length(1000).close_silently()).status == 502);
}

TEST_CASE("bytes after the announced length are never part of a body") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(reply().body("rightHTTP/1.1 200 OK\r\n").claimed_length(5));
    origin.on("GET", "/v2/library/alpine/blobs/y").reply(200, {}, "next");

    CHECK(bench.fetch("blobs/x").value().body == "right");
    CHECK(bench.fetch("blobs/y").value().body == "next");
}

TEST_CASE("a connection dropped before the head is an error") {
    CHECK(failure_of(reply().drop_before_head()).status == 502);
}

TEST_CASE("a connection dropped after the head is an error") {
    CHECK(failure_of(reply().body("0123456789").cut_at(0)).status == 502);
}

TEST_CASE("garbage instead of HTTP is an error") {
    CHECK(failure_of(reply().raw("SSH-2.0-OpenSSH_9.2\r\n")).status == 502);
}

TEST_CASE("a head larger than 64 KiB is an error") {
    CHECK(failure_of(reply().header("X-Large", std::string(70'000, 'x'))).status == 502);
}

TEST_CASE("contradictory framing is an error") {
    auto const chunked_and_length =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n";
    auto const gzip_then_length = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc";
    auto const two_lengths = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd";
    auto const chunked_1_0 = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for (auto const* text : {chunked_and_length, gzip_then_length, two_lengths, chunked_1_0}) {
        INFO(text);
        CHECK(failure_of(reply().raw(text)).status == 502);
    }
}

TEST_CASE("lines before a chunk and fields behind the last one are bounded") {
    std::string const much(1024 * 1024, 'a');
    std::string const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    CHECK(failure_of(reply().raw(head + "1;" + much + "\r\nx\r\n0\r\n\r\n")).status == 502);
    CHECK(failure_of(reply().raw(head + "1\r\nx\r\n0\r\nX-Much: " + much + "\r\n\r\n")).status == 502);
}

TEST_CASE("interim answers without end are an error") {
    std::string text;
    for (int i = 0; i < 100; ++i)
        text += "HTTP/1.1 100 Continue\r\n\r\n";
    CHECK(failure_of(reply().raw(text)).status == 502);
}

TEST_CASE("upstream's limits and faults become 502 or 503, never its own status") {
    struct expectation {
        unsigned theirs, ours;
    };
    for (auto [theirs, ours] :
         {expectation{408, 502}, {425, 503}, {429, 503}, {500, 502}, {503, 503}, {504, 502}, {204, 502}, {300, 502}}) {
        INFO(theirs);
        auto const e = failure_of(reply(theirs).header("Retry-After", "30"));
        CHECK(e.status == ours);
        CHECK(e.code == oci::errc::unavailable);
    }
}

TEST_CASE("a definite refusal is an answer") {
    scripted_origin origin;
    upstream_bench bench(origin);
    for (unsigned status : {404u, 400u, 405u, 410u, 416u}) {
        auto const name = std::to_string(status);
        origin.on("GET", "/v2/library/alpine/blobs/" + name).reply(status, {}, "no");
        CHECK(bench.fetch("blobs/" + name).value().status == status);
    }
}

TEST_CASE("an origin that nobody listens at is unavailable") {
    upstream_bench bench;
    {
        scripted_origin gone;
        bench.config.endpoints = {gone.endpoint()};
    }
    auto const e = bench.open("blobs/x").error();
    CHECK(e.status == 502);
    CHECK(bench.counters.errors == 1);
}

TEST_CASE("a host without an address is unavailable") {
    upstream_bench bench;
    bench.config.endpoints = {{.tls = false, .host = "no-such-host.invalid", .port = 80, .path = ""}};
    CHECK(bench.open("blobs/x").error().code == oci::errc::unavailable);
}

TEST_CASE("an upstream without endpoints is unavailable") {
    upstream_bench bench;
    CHECK(bench.open("blobs/x").error().status == 502);
}

TEST_CASE("the deadline ends the wait for a head that does not come") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(reply().hold_head(gate::closed()));

    auto const e = bench.open("blobs/x", short_while).error();
    CHECK(e.status == 504);
    CHECK(e.code == oci::errc::unavailable);
}

TEST_CASE("the configured time to the first byte ends the wait, however late the deadline") {
    scripted_origin origin;
    upstream_bench bench(origin);
    bench.config.first_byte_timeout = short_while;
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(reply().hold_head(gate::closed()));

    CHECK(bench.open("blobs/x").error().status == 504);
}

TEST_CASE("the deadline ends the wait for a body that stops") {
    scripted_origin origin;
    upstream_bench bench(origin);
    auto const hold = gate::closed();
    hold->allow(3);
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(reply().body("0123456789").hold_body(hold));
    auto response = bench.open("blobs/x");
    REQUIRE(response);

    CHECK(bench.read_all(*response, short_while).error().status == 504);
}

TEST_CASE("a body that makes no progress ends at the idle timeout") {
    scripted_origin origin;
    upstream_bench bench(origin);
    bench.config.idle_timeout = short_while;
    origin.on("GET", "/v2/library/alpine/blobs/x")
        .reply(reply().body("0123456789").chunked(2).hold_body(gate::closed()));
    auto response = bench.open("blobs/x");
    REQUIRE(response);

    CHECK(bench.read_all(*response).error().status == 504);
    std::array<std::byte, 10> to;
    CHECK(bench.read_some(*response, to).has_error()); // and stays an error
}

TEST_CASE("a response let go in the middle closes its connection") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", "/v2/library/alpine/blobs/x").serve(pattern(32 << 20));
    {
        auto response = bench.open("blobs/x");
        REQUIRE(response);
    }
    CHECK(origin.wait_for_broken_off(1));
}
