#include "oci/challenge.h"
#include "tests/catch.h"

#include <algorithm>

using oci::parse_challenges;

namespace {

// "bearer{realm=a,service=b} basic{realm=c}", keys in order of the alphabet.
std::string parsed(std::string_view field) {
    std::string out;
    for (auto const& c : parse_challenges(field)) {
        out += (out.empty() ? "" : " ") + c.scheme + "{";
        for (auto const& [key, value] : c.params)
            out += (out.ends_with('{') ? "" : ",") + key + "=" + value;
        out += "}";
    }
    return out;
}

} // namespace

TEST_CASE("a bearer challenge of a registry is read with all its parameters") {
    auto const found = parse_challenges(R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",)"
                                        R"(scope="repository:library/alpine:pull,push")");
    REQUIRE(found.size() == 1);
    CHECK(found[0].scheme == "bearer");
    CHECK(found[0].param("realm") == "https://auth.docker.io/token");
    CHECK(found[0].param("service") == "registry.docker.io");
    CHECK(found[0].param("scope") == "repository:library/alpine:pull,push");
    CHECK(found[0].param("error").empty());
}

TEST_CASE("several challenges stand in one field") {
    CHECK(parsed(R"(Basic realm="x", Bearer realm="y",service="z")") == "basic{realm=x} bearer{realm=y,service=z}");
    CHECK(parsed(R"(Bearer realm="y",service="z",Basic realm="x")") == "bearer{realm=y,service=z} basic{realm=x}");
    CHECK(parsed("Basic, Bearer") == "basic{} bearer{}");
}

TEST_CASE("blanks around parameters and empty elements mean nothing") {
    CHECK(parsed(" ,, Bearer\t realm = \"y\" ,\t, service=z ,") == "bearer{realm=y,service=z}");
    CHECK(parsed(R"(Bearer ,realm="y")") == "bearer{realm=y}");
}

TEST_CASE("schemes and keys are read in any case, and values kept as they are") {
    CHECK(parsed(R"(BEARER Realm="HTTPS://X")") == "bearer{realm=HTTPS://X}");
}

TEST_CASE("quoted values may hold escapes, commas and equals signs") {
    CHECK(parsed(R"(Basic realm="a\"b\\c, d=e")") == R"(basic{realm=a"b\c, d=e})");
    CHECK(parsed(R"(Basic realm="")") == "basic{realm=}");
}

TEST_CASE("a value without quotes is read up to the comma") {
    CHECK(parsed("Bearer realm=https://r/token?x=y,service=s") == "bearer{realm=https://r/token?x=y,service=s}");
}

TEST_CASE("a token68 is skipped") {
    CHECK(parsed(R"(Negotiate YIIabc==, Basic realm="x")") == "negotiate{} basic{realm=x}");
    CHECK(parsed(R"(Negotiate YII/abc+, Basic realm="x")") == "negotiate{} basic{realm=x}");
}

TEST_CASE("of two values for one key the first counts") {
    CHECK(parsed("Bearer realm=a,REALM=b") == "bearer{realm=a}");
}

TEST_CASE("a value with control bytes is skipped, and what follows is read") {
    CHECK(parsed("Bearer realm=\"a\r\nSet-Cookie: b\",service=\"s\"") == "bearer{service=s}");
    CHECK(parsed(std::string_view("Bearer realm=\"a\0b\",service=\"s\"", 30)) == "bearer{service=s}");
}

TEST_CASE("a parameter that is not understood is skipped, and what follows is read") {
    CHECK(parsed(R"(Bearer realm="a"b,service="s")") == "bearer{service=s}");
    CHECK(parsed(R"(Bearer realm="a",=x,service="s")") == "bearer{realm=a,service=s}");
    CHECK(parsed(R"(Bearer realm=,service="s")") == "bearer{service=s}");
    CHECK(parsed(R"(Bearer service="s",realm="never closed)") == "bearer{service=s}");
    CHECK(parsed(R"(Bearer service="s",@, Basic realm="x")") == "bearer{service=s} basic{realm=x}");
}

TEST_CASE("a field that holds no challenge gives none") {
    for (std::string_view field : {"", " ", ",", "=", "\"", "@@@", "realm=\"x\"", "\xff\xfe"})
        CHECK(parsed(field) == "");
}

TEST_CASE("at most sixteen challenges are read") {
    std::string field;
    for (int i = 0; i < 40; ++i)
        field += "Basic realm=\"x\",";
    auto const found = parse_challenges(field);
    CHECK(found.size() == 16);
    CHECK(std::ranges::all_of(found, [](auto const& c) { return c.param("realm") == "x"; }));
}

TEST_CASE("nothing is read past eight kilobytes") {
    std::string const padding(8 * 1024, ' ');
    CHECK(parsed("Basic realm=x," + padding + "Bearer realm=y") == "basic{realm=x}");
    CHECK(parsed("Basic realm=x,service=\"" + std::string(9 * 1024, 'a') + "\"") == "basic{realm=x}");
}
