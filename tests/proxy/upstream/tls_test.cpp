// Certificates: whom we believe.
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"

using namespace tests;

namespace {

std::string const blob = "/v2/library/alpine/blobs/x";

} // namespace

TEST_CASE("a registry whose certificate the CA file vouches for is believed") {
    test_authority authority;
    scripted_origin origin(authority.issue({"localhost", "127.0.0.1"}));
    auto const content = pattern(2'000'000);
    origin.on("GET", blob).serve(content);
    for (auto const* host : {"localhost", "127.0.0.1"}) {
        INFO(host);
        upstream_bench bench;
        bench.config.endpoints = {origin.endpoint(host)};
        bench.config.ca_file = authority.ca_file();
        CHECK(bench.fetch("blobs/x").value().body == content);
        CHECK(bench.fetch("blobs/x").value().body == content);
        CHECK(bench.counters.connections == 1);
    }
}

TEST_CASE("a certificate of an unknown CA is refused") {
    test_authority theirs, ours;
    scripted_origin origin(theirs.issue({"127.0.0.1"}));
    upstream_bench bench(origin);
    bench.config.ca_file = ours.ca_file();

    auto const e = bench.fetch("blobs/x").error();
    CHECK(e.status == 502);
    CHECK(e.message.find("certificate") != std::string::npos);
    CHECK(origin.requests().empty());
}

TEST_CASE("a certificate for another name is refused") {
    test_authority authority;
    scripted_origin origin(authority.issue({"registry.example.com", "localhost"}));
    upstream_bench bench(origin); // 127.0.0.1
    bench.config.ca_file = authority.ca_file();

    CHECK(bench.fetch("blobs/x").error().status == 502);
    CHECK(origin.requests().empty());

    scripted_origin by_address(authority.issue({"127.0.0.1"}));
    upstream_bench by_name;
    by_name.config.endpoints = {by_address.endpoint("localhost")};
    by_name.config.ca_file = authority.ca_file();
    CHECK(by_name.fetch("blobs/x").error().status == 502);
}

TEST_CASE("a server that does not speak TLS is unavailable") {
    scripted_origin plain;
    upstream_bench bench(plain);
    bench.config.endpoints[0].tls = true;
    CHECK(bench.fetch("blobs/x").error().status == 502);
}

TEST_CASE("a body over TLS that is cut off is an error, with a length and without") {
    test_authority authority;
    scripted_origin origin(authority.issue({"127.0.0.1"}));
    origin.on("GET", blob).reply(reply().body(pattern(100'000)).cut_at(50'000));
    origin.on("GET", "/v2/library/alpine/blobs/y").reply(reply().body(pattern(100'000)).until_close().cut_at(50'000));
    origin.on("GET", "/v2/library/alpine/blobs/z").reply(reply().body(pattern(100'000)).until_close());
    upstream_bench bench(origin);
    bench.config.ca_file = authority.ca_file();

    CHECK(bench.fetch("blobs/x").error().status == 502);
    CHECK(bench.fetch("blobs/y").error().status == 502);
    CHECK(bench.fetch("blobs/z").value().body == pattern(100'000));
}

TEST_CASE("a slow body over TLS comes as it is written") {
    test_authority authority;
    scripted_origin origin(authority.issue({"127.0.0.1"}));
    auto const hold = gate::closed();
    origin.on("GET", blob).reply(reply().body("abcdef").hold_body(hold));
    upstream_bench bench(origin);
    bench.config.ca_file = authority.ca_file();
    auto response = bench.open("blobs/x");
    REQUIRE(response);
    std::array<std::byte, 100> to;

    hold->allow(2);
    CHECK(bench.read_some(*response, to).value() == 2);
    hold->open();
    CHECK(bench.read_some(*response, to).value() == 4);
}

TEST_CASE("a TLS handshake that hangs ends at the connect timeout") {
    // A listening socket that nobody accepts from: the kernel completes the TCP handshake, and that is all.
    boost::asio::io_context context;
    boost::asio::ip::tcp::acceptor silent(context, {boost::asio::ip::address_v4::loopback(), 0});
    upstream_bench bench;
    bench.config.endpoints = {{.tls = true, .host = "127.0.0.1", .port = silent.local_endpoint().port(), .path = ""}};
    bench.config.connect_timeout = proxy::milliseconds(200);

    CHECK(bench.open("blobs/x").error().status == 504);
}

TEST_CASE("a CA file that cannot be used is an error at start") {
    upstream_bench bench;
    bench.config.ca_file = "/nonexistent/ca.pem";
    CHECK_THROWS_AS(bench.subject(), std::runtime_error);
}
