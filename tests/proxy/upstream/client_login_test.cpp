#include "proxy/upstream/client_login.h"
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"

using namespace tests;
using proxy::client_login;

TEST_CASE("a login is told by its id, which does not hold it") {
    auto const value = basic_authorization("alice", "secret");
    auto const alice = client_login::parse(value).value();
    CHECK(alice->authorization() == value);
    CHECK(alice->id() == client_login::parse("basic  " + value.substr(6)).value()->id());
    CHECK(alice->id() != client_login::parse(basic_authorization("alice", "Secret")).value()->id());
    CHECK(alice->id().size() == 32);
    CHECK(value.find(alice->id()) == std::string::npos);
}

TEST_CASE("who shows no login, or an empty one, is anonymous") {
    for (std::string const value : {"", "Basic Og=="}) {
        auto const nobody = client_login::parse(value).value();
        CHECK(nobody->is_anonymous());
        CHECK(nobody->id() == "anonymous");
    }
}

TEST_CASE("what is no login is unauthorized") {
    for (std::string const value :
         {"Basic", "Basic ", "Basic YWxpY2U=", "Basic YWxpY2U6c2VjcmV0!", "Bearer YWxpY2U6c2VjcmV0", "Og=="}) {
        INFO(value);
        auto const login = client_login::parse(value);
        REQUIRE(login.has_error());
        CHECK(login.error().status == 401);
    }
}

TEST_CASE("a registry that asks a client for Basic gets that from it at once the next time, and from no other") {
    scripted_origin origin;
    origin.require_basic("alice", "secret");
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {}, "x");
    upstream_bench t(origin);
    auto wanted = t.request("blobs/x");
    wanted.as = client_login::parse(basic_authorization("alice", "secret")).value();
    CHECK(t.fetch(wanted));
    CHECK(t.fetch(wanted));
    CHECK(origin.requests().size() == 3);
    wanted.as = client_login::parse("").value();
    CHECK_FALSE(t.fetch(wanted));
    CHECK_FALSE(origin.requests().back().has_header("Authorization"));
    wanted.as = client_login::parse(basic_authorization("alice", "wrong")).value();
    CHECK_FALSE(t.fetch(wanted));
    CHECK_FALSE(t.fetch(wanted));
    CHECK(origin.requests().size() == 7);
}

TEST_CASE("a token that one client was given is sent for no other, nor for layerd itself") {
    scripted_origin origin;
    origin.on("GET", "/token").call([](recorded_request const& r) {
        auto const who = r.header("Authorization");
        return reply(200).body(R"({"token":"t)" + std::to_string(who.size()) + R"("})");
    });
    origin.on("GET", "/v2/library/alpine/blobs/x").call([&](recorded_request const& r) {
        if (r.has_header("Authorization"))
            return reply(200).body(r.header("Authorization"));
        return reply(401).header("WWW-Authenticate", "Bearer realm=\"" + origin.url("/token") + "\"");
    });
    upstream_bench bench(origin);
    auto const fetch_as = [&](client_login::ptr who) {
        auto request = bench.request("blobs/x");
        request.as = std::move(who);
        return bench.fetch(std::move(request)).value().body;
    };
    for (int round = 0; round < 2; ++round)
        for (std::string const password : {"", "p", "longer password"}) {
            auto const value = basic_authorization("u", password);
            CHECK(fetch_as(client_login::parse(value).value()) == "Bearer t" + std::to_string(value.size()));
        }
    CHECK(fetch_as(client_login::parse("").value()) == "Bearer t0");
    CHECK(fetch_as(nullptr) == "Bearer t0");
    CHECK(origin.count("GET", "/token") == 5); // one each, that of nobody and that of layerd included
}

TEST_CASE("a registry that asks for Basic gets each client's own") {
    scripted_origin origin;
    origin.require_basic("bob", "pw");
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {}, "x");
    upstream_bench bench(origin);
    auto const status_as = [&](std::string const& value) {
        auto request = bench.request("blobs/x");
        request.as = client_login::parse(value).value();
        return bench.fetch(std::move(request)).has_value();
    };
    CHECK(status_as(basic_authorization("bob", "pw")));
    CHECK_FALSE(status_as(basic_authorization("bob", "guess")));
    CHECK_FALSE(status_as(""));
    CHECK_FALSE(bench.fetch("blobs/x"));
    CHECK(status_as(basic_authorization("bob", "pw")));
}

TEST_CASE("an account that is used up rests alone, and for as long as upstream says") {
    scripted_origin origin;
    origin.on("GET", "/token").call([](recorded_request const& r) {
        auto const size = std::to_string(r.header("Authorization").size());
        return reply(200).body(R"({"token":"t)" + size + R"(","expires_in":3600})");
    });
    auto const spent = basic_authorization("alice", "pw"), ample = basic_authorization("robert", "password");
    std::string const path = "/v2/library/alpine/manifests/x";
    origin.on("GET", path).call([&](recorded_request const& r) {
        if (!r.has_header("Authorization"))
            return reply(401).header("WWW-Authenticate", "Bearer realm=\"" + origin.url("/token") + "\"");
        if (r.header("Authorization") == "Bearer t" + std::to_string(spent.size()))
            return reply(429)
                .header("Retry-After", "100")
                .body("toomanyrequests: You have reached your pull rate limit.");
        return reply(200).header("RateLimit-Limit", "100;w=21600").header("RateLimit-Remaining", "1;w=21600");
    });
    upstream_bench bench(origin);
    auto const fetch_as = [&](client_login::ptr who) {
        auto request = bench.request("manifests/x");
        request.as = std::move(who);
        return bench.fetch(std::move(request));
    };
    auto const alice = client_login::parse(spent).value(), robert = client_login::parse(ample).value();
    CHECK(fetch_as(alice).error().retry_after == std::chrono::seconds(100));
    auto const asked = origin.count("GET", path);
    CHECK(fetch_as(alice).error().status == 503);
    CHECK(origin.count("GET", path) == asked);
    CHECK(fetch_as(robert));
    CHECK(fetch_as(nullptr));        // layerd itself
    CHECK(bench.subject().budget()); // which has heard of its own budget
    bench.now += std::chrono::seconds(101);
    CHECK_FALSE(fetch_as(alice));
    CHECK(origin.requests(path).back().header("Authorization") == "Bearer t" + std::to_string(spent.size()));
}

TEST_CASE("what is left to a client's account says nothing of layerd's") {
    scripted_origin origin;
    origin.on("GET", "/v2/library/alpine/manifests/x")
        .reply(200, {{"RateLimit-Limit", "100;w=21600"}, {"RateLimit-Remaining", "1;w=21600"}});
    upstream_bench bench(origin);
    auto request = bench.request("manifests/x");
    request.as = client_login::parse("").value();
    REQUIRE(bench.fetch(std::move(request)));
    CHECK_FALSE(bench.subject().budget());
}
