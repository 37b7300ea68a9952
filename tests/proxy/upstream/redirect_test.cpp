// Redirects: followed here, and what may not travel with them.
#include "proxy/upstream/http_client.h"
#include "proxy/upstream/tls_context.h"
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"

using namespace tests;

namespace {

std::string const blob = "/v2/library/alpine/blobs/x";

} // namespace

TEST_CASE("a redirect to another host is followed without the Authorization") {
    auto const desk = std::make_shared<token_desk>();
    scripted_origin cdn, origin;
    origin.serve_tokens("/token", desk);
    origin.require_token(desk, origin.url("/token"));
    origin.on("GET", blob).redirect(cdn.url("/signed/x?sig=a%2Bb&e=1"));
    cdn.on("GET", "/signed/x").serve("content");
    upstream_bench bench(origin);

    CHECK(bench.fetch("blobs/x").value().body == "content");
    CHECK(origin.requests(blob).back().has_header("Authorization"));
    auto const at_cdn = cdn.requests().at(0);
    CHECK_FALSE(at_cdn.has_header("Authorization"));
    CHECK(at_cdn.target == "/signed/x?sig=a%2Bb&e=1");
}

TEST_CASE("a redirect within the same origin keeps the Authorization") {
    auto const desk = std::make_shared<token_desk>();
    scripted_origin origin;
    origin.serve_tokens("/token", desk);
    origin.require_token(desk, origin.url("/token"));
    origin.on("GET", blob).redirect("/store/x", 302);
    origin.on("GET", "/store/x").reply(200, {}, "content");
    upstream_bench bench(origin);

    CHECK(bench.fetch("blobs/x").value().body == "content");
    CHECK(origin.requests("/store/x").at(0).has_header("Authorization"));
    CHECK(origin.connections() == 1);
}

TEST_CASE("the Authorization that a redirect has dropped does not come back with the next") {
    auto const desk = std::make_shared<token_desk>();
    scripted_origin cdn, origin;
    origin.serve_tokens("/token", desk);
    origin.require_token(desk, origin.url("/token"));
    origin.on("GET", blob).redirect(cdn.url("/hop"));
    cdn.on("GET", "/hop").redirect(origin.url("/open/x"));
    origin.on("GET", "/open/x").reply(200, {}, "content");
    upstream_bench bench(origin);

    CHECK(bench.fetch("blobs/x").value().body == "content");
    CHECK_FALSE(origin.requests("/open/x").at(0).has_header("Authorization"));
}

TEST_CASE("a challenge of a host that we were redirected to is not answered") {
    auto const desk = std::make_shared<token_desk>();
    scripted_origin cdn, origin;
    cdn.serve_tokens("/token", desk);
    cdn.require_token(desk, cdn.url("/token"));
    origin.on("GET", blob).redirect(cdn.url("/v2/library/alpine/blobs/x"));
    upstream_bench bench(origin);

    CHECK(bench.fetch("blobs/x").error().status == 502);
    CHECK(desk->issued() == 0);
}

TEST_CASE("a signed URL that is refused is asked for anew, once") {
    scripted_origin cdn, origin;
    origin.on("GET", blob).redirect(cdn.url("/expired")).redirect(cdn.url("/fresh"));
    cdn.on("GET", "/expired").reply(403);
    cdn.on("GET", "/fresh").reply(200, {}, "content");
    upstream_bench bench(origin);
    CHECK(bench.fetch("blobs/x").value().body == "content");
}

TEST_CASE("a CDN that refuses each URL is unavailable, for only the registry can say that something is denied") {
    scripted_origin cdn, origin;
    origin.on("GET", blob).redirect(cdn.url("/signed"));
    cdn.on("GET", "/signed").reply(403);
    upstream_bench bench(origin);
    CHECK(bench.fetch("blobs/x").error().status == 502);
    CHECK(origin.count("GET", blob) == 2);
    auto head = bench.request("blobs/x"); // the URL need not be signed for that
    head.method = proxy::http_method::head;
    auto const refused = bench.open(head);
    REQUIRE(!refused);
    CHECK(refused.error().code == oci::errc::denied);
    CHECK(refused.error().doubtful);
    CHECK(origin.count("HEAD", blob) == 1);
}

TEST_CASE("HEAD and Range survive a redirect") {
    scripted_origin cdn, origin;
    origin.on("GET", blob).redirect(cdn.url("/x"));
    cdn.on("GET", "/x").serve("0123456789");
    upstream_bench bench(origin);
    auto ranged = bench.request("blobs/x");
    ranged.range_first = 8;
    auto head = bench.request("blobs/x");
    head.method = proxy::http_method::head;

    CHECK(bench.fetch(ranged).value().body == "89");
    CHECK(bench.open(head).value().content_length() == 10);
    CHECK(cdn.count("HEAD", "/x") == 1);
}

TEST_CASE("ten redirects are followed, eleven are not") {
    scripted_origin origin;
    upstream_bench bench(origin);
    origin.on("GET", blob).redirect("/hop/1");
    for (int i = 1; i <= 10; ++i)
        origin.on("GET", "/hop/" + std::to_string(i)).redirect(std::to_string(i + 1)); // relative
    origin.on("GET", "/hop/10").reply(200, {}, "there");                               // after its redirect

    CHECK(bench.fetch("blobs/x").error().status == 502);
    CHECK(bench.fetch("blobs/x").value().body == "there");
}

TEST_CASE("a redirect from https to http is refused") {
    test_authority authority;
    scripted_origin cdn;
    scripted_origin origin(authority.issue({"127.0.0.1"}));
    origin.on("GET", blob).redirect(cdn.url("/x"));
    upstream_bench bench(origin);
    bench.config.ca_file = authority.ca_file();

    CHECK(bench.fetch("blobs/x").error().status == 502);
    CHECK(cdn.connections() == 0);
}

TEST_CASE("a redirect from http to https is followed") {
    test_authority authority;
    scripted_origin cdn(authority.issue({"127.0.0.1"}));
    scripted_origin origin;
    origin.on("GET", blob).redirect(cdn.url("/x"));
    cdn.on("GET", "/x").reply(200, {}, "safe");
    upstream_bench bench(origin);
    bench.config.ca_file = authority.ca_file();

    CHECK(bench.fetch("blobs/x").value().body == "safe");
}

TEST_CASE("a redirect to nowhere is an error") {
    for (auto const* location : {"", "ftp://127.0.0.1/x", "http://", "http://127.0.0.1:99999/"}) {
        INFO(location);
        scripted_origin origin;
        origin.on("GET", blob).redirect(location);
        upstream_bench bench(origin);
        CHECK(bench.fetch("blobs/x").error().status == 502);
    }
}

TEST_CASE("a redirect that is not to be followed is the answer") {
    scripted_origin page, origin;
    origin.on("GET", "/v2/library/alpine/referrers/x").redirect(page.url("/html"), 303);
    upstream_bench bench(origin);
    auto request = bench.request("referrers/x");
    request.follow_redirects = false;

    CHECK(bench.fetch(request).value().status == 303);
    CHECK(page.connections() == 0);
}

TEST_CASE("the short body of a redirect does not cost its connection, a long one is not read") {
    scripted_origin cdn, origin;
    cdn.on("GET", "/x").reply(200, {}, "content");
    origin.on("GET", blob).redirect(cdn.url("/x"));
    origin.on("GET", "/v2/library/alpine/blobs/y").reply(307, {{"Location", cdn.url("/x")}}, pattern(10 << 20));
    upstream_bench bench(origin);

    REQUIRE(bench.fetch("blobs/x"));
    REQUIRE(bench.fetch("blobs/y"));
    CHECK(origin.connections() == 1);
    CHECK(origin.wait_for_broken_off(1));
    CHECK(bench.counters.bytes < 100'000);
}

TEST_CASE("where a registry outside redirects, nothing inside is reached, by a kept connection neither") {
    scripted_origin inside;
    inside.on("GET", "/x").serve("0123456789");
    proxy::worker w{0};
    auto tls = proxy::make_tls_context({});
    proxy::upstream_counters counters;
    proxy::http_client client(w.executor(), tls, {proxy::milliseconds(5000), proxy::milliseconds(5000)}, counters,
                              &proxy::steady_clock::now);
    proxy::wire_request request;
    request.to = *proxy::parse_location(inside.url("/x"));
    auto const until = proxy::deadline::after(proxy::seconds(10));
    auto const body = [&]() -> proxy::task<proxy::result<std::string>> {
        auto got = co_await client.send(request, until);
        if (!got)
            co_return got.error();
        co_return co_await (*got)->read_all(100, until);
    };
    CHECK(run_io(w, body).value() == "0123456789");
    CHECK(client.idle_connections() == 1);
    request.deepest = proxy::network_depth::outside;
    auto const refused = run_io(w, body);
    REQUIRE(!refused);
    CHECK(refused.error().status == 502);
    CHECK(refused.error().message.find("inside this network") != std::string::npos);
    CHECK(inside.count("GET", "/x") == 1);
}
