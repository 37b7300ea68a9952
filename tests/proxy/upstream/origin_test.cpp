// URLs, as registries and their CDNs write them.
#include "proxy/upstream/origin.h"

#include "tests/catch.h"

using proxy::location;
using proxy::origin;
using proxy::parse_location;
using proxy::resolve_location;

TEST_CASE("a URL is taken apart into origin and target") {
    CHECK(parse_location("https://Auth.Docker.io/token?a=b") == location{{true, "auth.docker.io", 443}, "/token?a=b"});
    CHECK(parse_location("http://r:5000") == location{{false, "r", 5000}, "/"});
    CHECK(parse_location("https://r?x") == location{{true, "r", 443}, "/?x"});
    CHECK(parse_location("https://user:pw@r/x#part") == location{{true, "r", 443}, "/x"});
    CHECK(parse_location("http://[::1]:80/x") == location{{false, "::1", 80}, "/x"});
}

TEST_CASE("what is not an http URL is nothing") {
    for (auto const* text : {"", "r", "/x", "ftp://r/x", "https://", "https:///x", "https:r", "https://r:0/",
                             "https://r:70000/", "https://r:x/", "https://a%0d%0ab/", "https://a%2fb/",
                             "https://a%3fb/", "https://a%3a1/", "https://a%23b/", "https://a%25b/", "https://a!b/"}) {
        INFO(text);
        CHECK_FALSE(parse_location(text));
    }
    CHECK_FALSE(parse_location("https://r/" + std::string(20'000, 'x')));
}

TEST_CASE("a signed target keeps every byte") {
    auto const target = "/a%2Fb/./c/../%7e?X-Amz-Credential=A%2F20&sig=a+b%2B%3D%3d&&=";
    CHECK(parse_location("https://cdn" + std::string(target))->target == target);
}

TEST_CASE("bytes that have no place in a URL are encoded") {
    CHECK(parse_location("https://cdn/a b|c?d=\"é\"")->target == "/a%20b%7Cc?d=%22%C3%A9%22");
    CHECK(parse_location("https://cdn/a\r\nX: y")->target == "/a%0D%0AX:%20y");
}

TEST_CASE("a relative location is resolved against the answering one") {
    location const from{{true, "r", 8443}, "/v2/a/blobs/x?q=1"};
    CHECK(resolve_location(from, "/other?s=1") == location{{true, "r", 8443}, "/other?s=1"});
    CHECK(resolve_location(from, "y") == location{{true, "r", 8443}, "/v2/a/blobs/y"});
    CHECK(resolve_location(from, "?z") == location{{true, "r", 8443}, "/v2/a/blobs/x?z"});
    CHECK(resolve_location(from, "//cdn/y") == location{{true, "cdn", 443}, "/y"});
    CHECK(resolve_location(from, "http://r:8443/y") == location{{false, "r", 8443}, "/y"});
    CHECK_FALSE(resolve_location(from, ""));
    CHECK_FALSE(resolve_location(from, "file:///etc/passwd"));
}

TEST_CASE("the Host field names the port where it is not the scheme's own") {
    CHECK(origin{true, "r", 443}.host_field() == "r");
    CHECK(origin{false, "r", 443}.host_field() == "r:443");
    CHECK(origin{false, "::1", 5000}.host_field() == "[::1]:5000");
    CHECK(origin{false, "r", 80}.to_string() == "http://r");
}
