#include "proxy/config/config.h"
#include "tests/catch.h"

using namespace proxy;

TEST_CASE("addresses to listen on are IP addresses with a port") {
    CHECK(parse_address("127.0.0.1:5000") == address{"127.0.0.1", 5000});
    CHECK(parse_address("[::1]:5000") == address{"::1", 5000});
    CHECK(parse_address(":5000") == address{"::", 5000});
    CHECK(parse_address("localhost:0") == address{"127.0.0.1", 0});
    CHECK(parse_address("https://127.0.0.1:5443") == address{"127.0.0.1", 5443, true});
    CHECK(parse_address("https://:5443") == address{"::", 5443, true});
}

TEST_CASE("text that is no address is none") {
    for (auto text : {"", "5000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:5000 ",
                      "::1:5000", "[127.0.0.1]:5000", "[::1]", "example.com:5000", "256.0.0.1:5000", "[]:1",
                      "http://127.0.0.1:5000", "https://", "https://example.com:5000", "https://127.0.0.1:5000/"}) {
        INFO(text);
        CHECK_FALSE(parse_address(text));
    }
}

TEST_CASE("addresses print as they parse") {
    for (auto text : {"127.0.0.1:5000", "[::1]:5000", "[::]:80", "https://[::1]:5443"})
        CHECK(parse_address(text)->to_string() == text);
}

TEST_CASE("two addresses are one place where the system would not let both be listened on") {
    struct {
        char const* one;
        char const* other;
        bool same;
    } const cases[] = {
        {"127.0.0.1:1", "127.0.0.1:1", true},  {"127.0.0.1:1", "https://127.0.0.1:1", true},
        {"127.0.0.1:1", "127.0.0.1:2", false}, {"127.0.0.1:0", "127.0.0.1:0", false},
        {"127.0.0.1:1", "127.0.0.2:1", false}, {":1", "0.0.0.0:1", true},
        {":1", "127.0.0.1:1", true},           {":1", "[::1]:1", true},
        {"0.0.0.0:1", "127.0.0.1:1", true},    {"0.0.0.0:1", "[::1]:1", false},
        {":1", "127.0.0.1:2", false},
    };
    for (auto const& c : cases) {
        INFO(c.one << " and " << c.other);
        CHECK(parse_address(c.one)->is_same_place(*parse_address(c.other)) == c.same);
        CHECK(parse_address(c.other)->is_same_place(*parse_address(c.one)) == c.same);
    }
}

TEST_CASE("endpoints are URLs with the scheme's port unless they name one") {
    auto const e = parse_endpoint("https://registry-1.docker.io");
    REQUIRE(e);
    CHECK(*e == endpoint_config{true, "registry-1.docker.io", 443, ""});
    CHECK(*parse_endpoint("http://localhost") == endpoint_config{false, "localhost", 80, ""});
    CHECK(*parse_endpoint("http://127.0.0.1:5000/") == endpoint_config{false, "127.0.0.1", 5000, ""});
    CHECK(*parse_endpoint("https://Example.COM:8443/a/b/") == endpoint_config{true, "example.com", 8443, "/a/b"});
    CHECK(*parse_endpoint("http://[::1]:5000") == endpoint_config{false, "::1", 5000, ""});
}

TEST_CASE("endpoints that would not work are refused with the reason") {
    struct {
        char const* text;
        char const* reason;
    } const cases[] = {
        {"registry-1.docker.io", "must be a URL"},
        {"", "must be a URL"},
        {"https://", "must be a URL"},
        {"https:///path", "must be a URL"},
        {"https://ho st", "must be a URL"},
        {"https://a%20b", "must be a URL"},
        {"ftp://ghcr.io", "must begin with https://"},
        {"https://user:secret@ghcr.io", "user name or password"},
        {"https://ghcr.io/?a=b", "query"},
        {"https://ghcr.io/#top", "fragment"},
        {"https://ghcr.io:0", "port"},
        {"https://ghcr.io:65536", "port"},
        {"https://ghcr.io/v2/", "must not end in /v2"},
        {"https://ghcr.io/a/../b", "path"},
        {"https://ghcr.io/a%2fb", "path"},
    };
    for (auto const& c : cases) {
        INFO(c.text);
        auto const e = parse_endpoint(c.text);
        REQUIRE(e.has_error());
        INFO(e.error());
        CHECK(e.error().find(c.reason) != std::string::npos);
        CHECK(e.error().find("secret") == std::string::npos);
    }
}

TEST_CASE("endpoints print without what goes without saying") {
    for (auto text : {"https://ghcr.io", "http://127.0.0.1:5000", "https://[::1]:8443/mirror", "http://a"})
        CHECK(parse_endpoint(text)->to_string() == text);
    CHECK(parse_endpoint("https://ghcr.io:443/")->to_string() == "https://ghcr.io");
}
