// A process that has no descriptor left for a connection to upstream.
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"
#include "tests/support/few_descriptors.h"
#include "tests/support/mirror.h"

using namespace tests;

TEST_CASE("want of descriptors is told as such, and is not held against the endpoint") {
    scripted_origin origin;
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {}, "here");
    upstream_bench t(origin);
    t.config.retries = 1;
    auto const endpoint = [&] { return t.subject().endpoints().front(); };
    auto const breaker = endpoint().breaker;
    {
        few_descriptors const few(512);
        auto const taken = take_all_but_the_last();
        for (unsigned i = 0; i < 2 * proxy::circuit_breaker::threshold; ++i) {
            auto const e = t.fetch("blobs/x").error();
            CHECK(e.status == 503);
            CHECK(e.over == proxy::limit::open_files);
            CHECK(e.retry_after.count() == 1);
        }
    }
    CHECK(endpoint().breaker == breaker);
    CHECK(t.counters.errors == 0);
    CHECK(origin.count("GET", "/v2/library/alpine/blobs/x") == 0);
    CHECK(t.fetch("blobs/x").value().body == "here");
}

TEST_CASE("clients are told to try again when there is no descriptor for upstream, and have a tag as it was") {
    mirror m;
    auto const missing = random_bytes(1000, 1);
    auto const blob = "/v2/library/a/blobs/" + m.put_blob("library/a", missing),
               tag = std::string("/v2/library/a/manifests/1");
    auto const manifest = image_manifest({m.put_blob("library/a", "{}")});
    m.put_manifest("library/a", "1", manifest);
    m.settings.upstreams.front().tag_ttl = std::chrono::seconds(0);
    m.start();
    REQUIRE(m.get(tag).status == 200);
    m.restart(); // no connection to upstream is left
    http_client client(m.server->port());
    REQUIRE(client.get("/v2/").status == 200);
    {
        few_descriptors const few(512);
        auto const taken = take_all_but_the_last();
        auto const refused = client.get(blob);
        CHECK(refused.status == 503);
        CHECK(refused.header("Retry-After") == "1");
        CHECK(client.get(tag).body == manifest);
    }
    CHECK(client.get(blob).body == missing);
}
