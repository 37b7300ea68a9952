#include "proxy/pull/manifest_cache.h"

#include "tests/catch.h"

using namespace proxy;

namespace {

std::shared_ptr<served_manifest const> manifest(std::string body) {
    auto d = oci::digest::of(body);
    return std::make_shared<served_manifest const>(d, "application/vnd.oci.image.manifest.v1+json", std::move(body));
}

} // namespace

TEST_CASE("a cached manifest is found again under its repository and reference only") {
    manifest_cache cache;
    cache.put("docker.io/library/alpine", "3.19", {manifest("{}"), 1, 100, 400});
    REQUIRE(cache.find("docker.io/library/alpine", "3.19", 1, 200));
    CHECK(cache.find("docker.io/library/alpine", "3.19", 1, 200)->manifest->content->bytes() == "{}");
    CHECK_FALSE(cache.find("docker.io/library/alpine", "3.18", 1, 200));
    CHECK_FALSE(cache.find("ghcr.io/library/alpine", "3.19", 1, 200));
}

TEST_CASE("a cached tag is not believed past its ttl") {
    manifest_cache cache;
    cache.put("r", "t", {manifest("{}"), 1, 100, 400});
    CHECK(cache.find("r", "t", 1, 399));
    CHECK_FALSE(cache.find("r", "t", 1, 400));
}

TEST_CASE("a cached manifest is not believed at another generation of the index") {
    manifest_cache cache;
    cache.put("r", "t", {manifest("{}"), 1, 0, cached_manifest::forever});
    CHECK_FALSE(cache.find("r", "t", 2, 0));
}

TEST_CASE("the cache of manifests stays within its bounds") {
    manifest_cache cache;
    std::size_t found = 0;
    for (int i = 0; i < 40; ++i)
        cache.put("r", std::to_string(i), {manifest(std::string(1024 * 1024, 'x')), 1, 0, cached_manifest::forever});
    for (int i = 0; i < 40; ++i)
        found += cache.find("r", std::to_string(i), 1, 0) != nullptr;
    CHECK(found > 0);
    CHECK(found * 1024 * 1024 <= manifest_cache::max_bytes);
}

TEST_CASE("a media type cannot write fields of our answer") {
    auto d = oci::digest::of("x");
    served_manifest hostile(d, "application/json\r\nSet-Cookie: a=b", "x");
    CHECK(hostile.fields.find("Set-Cookie") == std::string::npos);
    CHECK(hostile.media_type == "application/octet-stream");
}
