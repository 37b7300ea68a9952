#include "oci/platform.h"
#include "tests/catch.h"

using namespace oci;

namespace {

std::string entry(std::string const& more) {
    return R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","size":2,"digest":"sha256:)" +
           std::string(64, 'a') + "\"" + more + "}";
}

std::vector<index_entry> entries_of(std::string const& list) {
    return parse_index(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" +
                           list + "]}",
                       "")
        .value();
}

} // namespace

TEST_CASE("a platform is written as clients write it") {
    for (auto const* text : {"linux/amd64", "linux/arm/v7", "windows/amd64", "linux/386", "a.b/c_d/e-f"})
        CHECK(to_string(parse_platform(text).value()) == text);
    for (auto const* text :
         {"", "linux", "linux/", "/amd64", "linux//v7", "linux/arm/", "linux/arm/v7/x", "linux/a b", "linux/\x1b[2J"}) {
        INFO(text);
        CHECK_FALSE(parse_platform(text));
    }
    CHECK_FALSE(parse_platform("linux/" + std::string(65, 'a')));
}

TEST_CASE("a variant that one side leaves open fits") {
    auto const p = [](char const* text) { return parse_platform(text).value(); };
    CHECK(fits(p("linux/arm64"), p("linux/arm64/v8")));
    CHECK(fits(p("linux/arm64/v8"), p("linux/arm64")));
    CHECK(fits(p("linux/arm/v7"), p("linux/arm/v7")));
    CHECK_FALSE(fits(p("linux/arm/v7"), p("linux/arm/v6")));
    CHECK_FALSE(fits(p("linux/amd64"), p("linux/arm64")));
    CHECK_FALSE(fits(p("linux/amd64"), p("windows/amd64")));
}

TEST_CASE("the entries of an index say what they are for") {
    auto const e =
        entries_of(entry(R"(,"platform":{"os":"linux","architecture":"arm","variant":"v7"})") + "," +
                   entry(R"(,"platform":{"os":"unknown","architecture":"unknown"})") + "," +
                   entry(R"(,"annotations":{"vnd.docker.reference.type":"attestation-manifest"})") + "," + entry(""));
    REQUIRE(e.size() == 4);
    CHECK(to_string(e[0].platform.value()) == "linux/arm/v7");
    CHECK_FALSE(e[0].is_attestation);
    CHECK(e[1].is_attestation);
    CHECK(e[2].is_attestation);
    CHECK_FALSE(e[3].platform);
    CHECK_FALSE(e[3].is_attestation);
    CHECK(e[3].content.role == child_role::manifest);
}

TEST_CASE("a platform that is none is not known") {
    for (auto const* p : {"1", "null", "{}", R"({"os":"linux"})", R"({"os":"linux","architecture":1})",
                          R"({"os":"linux","architecture":"\u001b[2J"})", R"([{"os":"linux"}])"}) {
        INFO(p);
        auto const e = entries_of(entry(std::string(",\"platform\":") + p));
        REQUIRE(e.size() == 1);
        CHECK_FALSE(e[0].platform);
    }
}

TEST_CASE("what is no index has no entries") {
    CHECK_FALSE(parse_index("", ""));
    CHECK_FALSE(parse_index("[]", ""));
    CHECK_FALSE(parse_index(R"({"schemaVersion":2,"config":{},"layers":[]})", ""));
    CHECK(entries_of("").empty());
}
