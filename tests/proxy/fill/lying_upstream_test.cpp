// What an upstream does wrong must reach no client as a right-looking answer, and nothing of it the store.
#include "tests/catch.h"
#include "tests/support/mirror.h"

using namespace tests;

namespace {

std::string const repo = "library/alpine";
std::string blob_path(std::string const& d) {
    return "/v2/" + repo + "/blobs/" + d;
}

// A client cannot tell it from a good answer. An upstream found lying before the head went out is 502 instead.
bool looks_right(http_answer const& a) {
    return a.status == 200 && a.complete;
}

} // namespace

TEST_CASE("a body with another digest is never completed, and the next pull starts anew") {
    mirror m;
    auto const bytes = random_bytes(600'000, 1);
    auto wrong = bytes;
    wrong[300'000] ^= 1;
    auto const d = digest_of(bytes);
    m.origin.on("GET", blob_path(d)).reply(200, {}, wrong).reply(200, {}, bytes);
    m.start();
    auto const first = m.get(blob_path(d));
    CHECK_FALSE(looks_right(first));
    CHECK(m.get(blob_path(d)).body == bytes);
}

TEST_CASE("a small body with another digest is never completed either") {
    mirror m;
    auto const bytes = random_bytes(100, 2);
    auto const d = digest_of(bytes);
    m.origin.on("GET", blob_path(d)).reply(200, {}, random_bytes(100, 3)).reply(200, {}, bytes);
    m.start();
    CHECK_FALSE(looks_right(m.get(blob_path(d))));
    CHECK(m.get(blob_path(d)).body == bytes);
}

TEST_CASE("an empty body in place of a blob is never completed") {
    mirror m;
    auto const bytes = random_bytes(100, 2);
    auto const d = digest_of(bytes);
    m.origin.on("GET", blob_path(d)).reply(200, {}, "").reply(200, {}, bytes);
    m.start();
    CHECK(m.get(blob_path(d)).status == 502);
    CHECK(m.get(blob_path(d)).body == bytes);
}

TEST_CASE("a body that cannot be got to its end reaches the client cut short, and nothing of it is kept as whole") {
    mirror m;
    auto const bytes = random_bytes(1'000'000, 4);
    auto const d = digest_of(bytes);
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).cut_at(600'000)).reply(404).reply(200, {}, bytes);
    m.start();
    auto const first = m.get(blob_path(d));
    CHECK_FALSE(looks_right(first));
    auto const second = m.get(blob_path(d));
    CHECK(second.complete);
    CHECK(second.body == bytes);
}

TEST_CASE("a length that is not the manifest's is refused before any byte") {
    mirror m;
    auto const config = random_bytes(300, 5);
    auto const layer = random_bytes(100'000, 6);
    m.put_manifest(repo, "1", image_manifest({config, layer}));
    m.origin.on("GET", blob_path(digest_of(layer))).reply(200, {}, layer + "more");
    m.start();
    m.get("/v2/" + repo + "/manifests/1");
    auto const a = m.get(blob_path(digest_of(layer)));
    CHECK(a.status == 502);
    CHECK(a.body.find("UNAVAILABLE") != std::string::npos);
}

TEST_CASE("what is on its way in another size than upstream names to a client is not sent to it") {
    mirror m;
    auto const bytes = random_bytes(300'000, 11);
    auto const d = digest_of(bytes);
    auto const flow = gate::closed();
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(random_bytes(200'000, 12)).hold_body(flow)).serve(bytes);
    m.put_blob("library/debian", bytes);
    m.put_manifest(repo, "1", image_manifest({bytes}));
    m.start();
    http_client first(m.server->port());
    first.send_get(blob_path(d));
    CHECK(first.read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
    CHECK(m.get("/v2/library/debian/blobs/" + d).status == 502); // by a HEAD
    m.get("/v2/" + repo + "/manifests/1");
    CHECK(m.get(blob_path(d)).status == 502); // by its manifest
    flow->open();
    first.read_raw_to_end();
    CHECK(m.get("/v2/library/debian/blobs/" + d).body == bytes);
}

TEST_CASE("a claimed length that is too long or too short never completes") {
    mirror m;
    auto const bytes = random_bytes(100'000, 7);
    auto const d = digest_of(bytes);
    auto const claimed = GENERATE(std::uint64_t{90'000}, std::uint64_t{110'000});
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).claimed_length(claimed).cut_at(bytes.size()));
    m.start();
    CHECK_FALSE(looks_right(m.get(blob_path(d))));
}

TEST_CASE("a chunked body is served with its exact length once it is known to be right") {
    mirror m;
    auto const bytes = random_bytes(300'000, 8);
    auto const d = digest_of(bytes);
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).chunked());
    m.start();
    auto const a = m.get(blob_path(d));
    CHECK(a.body == bytes);
    CHECK(a.header("Content-Length") == "300000");
}

TEST_CASE("a manifest with another digest is refused and not kept") {
    mirror m;
    auto const manifest = image_manifest({random_bytes(10, 9)});
    auto const d = digest_of(manifest);
    auto const path = "/v2/" + repo + "/manifests/" + d;
    m.origin.on("GET", path).reply(200, {}, manifest + " ").reply(200, {}, manifest);
    m.start();
    CHECK(m.get(path).status == 502);
    CHECK(m.get(path).body == manifest);
}

TEST_CASE("a manifest above the limit is refused") {
    mirror m;
    auto const huge = "{\"annotations\":{\"a\":\"" + std::string(5 * 1024 * 1024, 'x') + "\"}}";
    auto const path = "/v2/" + repo + "/manifests/" + digest_of(huge);
    m.origin.on("GET", path).reply(200, {}, huge);
    m.start();
    CHECK(m.get(path).status == 502);
}

TEST_CASE("upstream's troubles are answered with 404 or 5xx of our own, never with its own status") {
    mirror m;
    struct trouble {
        unsigned upstream;
        unsigned lowest, highest;
    };
    auto const t =
        GENERATE(trouble{404, 404, 404}, trouble{401, 404, 404}, trouble{403, 404, 404}, trouble{429, 502, 504},
                 trouble{500, 502, 504}, trouble{503, 502, 504}, trouble{400, 502, 504});
    auto const d = digest_of("never served");
    m.origin.on("GET", blob_path(d))
        .reply(t.upstream, {{"WWW-Authenticate", "Basic realm=\"x\""}, {"Retry-After", "1"}}, "<html>");
    m.origin.on("GET", "/v2/" + repo + "/manifests/1").reply(t.upstream, {}, "<html>");
    m.start();
    for (auto const& path : {blob_path(d), "/v2/" + repo + "/manifests/1"}) {
        auto const a = m.get(path);
        INFO(path << " with upstream's " << t.upstream);
        CHECK(a.status >= t.lowest);
        CHECK(a.status <= t.highest);
        CHECK(a.header("Content-Type") == "application/json");
        CHECK(a.body.find("\"errors\"") != std::string::npos);
        CHECK(a.header("WWW-Authenticate").empty());
    }
}

TEST_CASE("an upstream that cannot be reached is 5xx within its deadline") {
    mirror m;
    for (auto& u : m.settings.upstreams)
        u.endpoints = {{false, "127.0.0.1", 1, ""}};
    m.start();
    auto const a = m.get("/v2/" + repo + "/manifests/1");
    CHECK(a.status >= 502);
    CHECK(a.body.find("UNAVAILABLE") != std::string::npos);
}

TEST_CASE("an upstream that never answers is 504 within its deadline") {
    mirror m;
    for (auto& u : m.settings.upstreams)
        u.first_byte_timeout = std::chrono::milliseconds(300);
    auto const d = digest_of("x");
    m.origin.on("GET", blob_path(d)).reply(reply(200).body("x").hold_head(gate::closed()));
    m.start();
    CHECK(m.get(blob_path(d)).status == 504);
}

TEST_CASE("an upstream that stalls in the middle of a body ends the answer within its idle timeout") {
    mirror m;
    for (auto& u : m.settings.upstreams)
        u.idle_timeout = std::chrono::milliseconds(300);
    auto const bytes = random_bytes(200'000, 10);
    auto const d = digest_of(bytes);
    auto const flow = gate::closed();
    flow->allow(100'000);
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).hold_body(flow));
    m.start();
    CHECK_FALSE(looks_right(m.get(blob_path(d))));
}
