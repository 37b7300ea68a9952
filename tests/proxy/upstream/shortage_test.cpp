// A process that has no descriptor left for a connection to upstream.
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"
#include "tests/support/captured_log.h"
#include "tests/support/eventually.h"
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
    REQUIRE(eventually([&] { return m.stats().find("\"reconciled\":true") != std::string::npos; })); // opens folders
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

TEST_CASE("a download that breaks when descriptors run short is gone on with when there are some again") {
    mirror m;
    auto const bytes = random_bytes(1'000'000, 1);
    auto const path = "/v2/library/a/blobs/" + digest_of(bytes);
    auto const flow = gate::closed();
    m.origin.on("GET", path).reply(reply(200).body(bytes).cut_at(600'000).hold_body(flow)).serve(bytes);
    captured_log const log;
    m.start();
    http_client client(m.server->port());
    client.send_get(path);
    flow->allow(300'000);
    client.read_raw_at_least(200'000);
    {
        few_descriptors const none(3); // also none whose number becomes free
        flow->open();
        CHECK(log.wait_for("going on at byte 600000 of 1000000: too many files"));
    }
    CHECK(client.read_raw_at_least(1'000'200).ends_with(bytes.substr(900'000)));
    CHECK(m.origin.count("GET", path) == 2);
}
