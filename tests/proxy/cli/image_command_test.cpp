#include "proxy/cli/image_command.h"
#include "tests/catch.h"
#include "tests/support/mirror.h"

#include <sstream>

using namespace proxy;

namespace {

struct outcome {
    int code = 0;
    std::string out, err;
};

outcome run(std::string verb, std::string admin, std::vector<std::string> images) {
    std::ostringstream out, err;
    auto const code = run_image_command({std::move(verb), std::move(admin), std::move(images)}, {out, err, nullptr});
    return {code, out.str(), err.str()};
}

std::string admin_of(tests::mirror const& m) {
    return "http://127.0.0.1:" + std::to_string(m.server->admin_port());
}

} // namespace

TEST_CASE("images of a running server are pinned, unpinned and purged, a line each") {
    tests::mirror m;
    auto const config_a = tests::random_bytes(100, 1), layer = tests::random_bytes(100'000, 2);
    m.put_blob("library/a", config_a);
    m.put_blob("library/a", layer);
    m.put_manifest("library/a", "1", tests::image_manifest({config_a, layer}));
    m.start();
    CHECK(m.get("/v2/library/a/manifests/1").status == 200);
    for (auto const& blob : {config_a, layer})
        CHECK(m.get("/v2/library/a/blobs/" + tests::digest_of(blob)).body == blob);

    auto const pinned = run("pin", admin_of(m), {"a:1", "ghcr.io/x/y:2"});
    CHECK(pinned.code == 0);
    CHECK(pinned.out == "pinned docker.io/library/a:1\n"
                        "pinned ghcr.io/x/y:2, which is not stored yet: it stays once it was pulled\n");
    auto const refused = run("purge", admin_of(m), {"a:1"});
    CHECK(refused.code == 1);
    CHECK(refused.err == "layerd purge: a:1: docker.io/library/a:1 is pinned: unpin it first\n");
    CHECK(run("unpin", admin_of(m), {"a:1"}).out == "unpinned docker.io/library/a:1\n");
    auto const purged = run("purge", admin_of(m), {"a:1"});
    CHECK(purged.err.empty());
    CHECK(purged.out.starts_with("purged docker.io/library/a:1: 3 objects, "));
}

TEST_CASE("one image that cannot be done does not keep the others from it") {
    tests::mirror m;
    m.start();
    auto const r = run("pin", admin_of(m), {"quay.io/a/b:1", "a:1", "A"});
    CHECK(r.code == 1);
    CHECK(r.out.starts_with("pinned docker.io/library/a:1"));
    CHECK(r.err.starts_with("layerd pin: quay.io/a/b:1: registry 'quay.io' is not configured as an upstream\n"
                            "layerd pin: A: "));
    CHECK(run("unpin", admin_of(m), {"b"}).err == "layerd unpin: b: docker.io/library/b:latest is not pinned\n");
    CHECK(run("purge", admin_of(m), {"b"}).err == "layerd purge: b: docker.io/library/b:latest is not stored here\n");
}

TEST_CASE("a purge says what stayed") {
    tests::scripted_origin server;
    server.on("POST", "/api/v1/purge")
        .reply(200, {}, R"({"purged":"a","objects":1,"bytes":1024,"kept_in_use":2})")
        .reply(200, {}, R"({"purged":"a","objects":0,"bytes":0,"kept_in_use":0})");
    CHECK(run("purge", server.url(), {"a"}).out == "purged a: 1 object, 1.0 KiB; 2 pinned or being read stayed\n");
    CHECK(run("purge", server.url(), {"a"}).out ==
          "purged a: all of its content belongs to other images too, and stays\n");
    CHECK(server.requests().at(0).body == R"({"image":"a"})");
}

TEST_CASE("an answer that is not layerd's is an error") {
    tests::scripted_origin server;
    server.on("POST", "/api/v1/pin")
        .reply(200, {}, "<html>")
        .reply(200, {}, "{}")
        .reply(200, {}, R"({"pinned":1})")
        .reply(404);
    for (int i = 0; i < 4; ++i) {
        auto const r = run("pin", server.url(), {"a"});
        CHECK(r.code == 1);
        CHECK(r.out.empty());
        CHECK(r.err.find("is this the admin API of layerd?") != r.err.npos);
    }
    auto const bad = run("pin", "localhost:5001", {"a"});
    CHECK(bad.code == 2);
    CHECK(bad.err == "layerd pin: --admin must be a URL such as \"http://127.0.0.1:5001\"\n");
}

TEST_CASE("tags are refreshed, and the line says whether they have moved") {
    tests::mirror m;
    auto const manifest = tests::image_manifest({"config"});
    m.put_manifest("library/a", "1", manifest);
    m.start();
    auto const d = tests::digest_of(manifest);
    CHECK(run("refresh", admin_of(m), {"a:1"}).out == "docker.io/library/a:1 is " + d + "; it was not known here\n");
    auto const r = run("refresh", admin_of(m), {"a:1", "a:2"});
    CHECK(r.code == 1);
    CHECK(r.out == "docker.io/library/a:1 is still " + d + "\n");
    CHECK(r.err == "layerd refresh: a:2: no manifest '2' at upstream\n");

    tests::scripted_origin server;
    server.on("POST", "/api/v1/refresh")
        .reply(200, {}, R"({"refreshed":"a:1","moved":true,"digest":"sha256:2","before":"sha256:1"})");
    CHECK(run("refresh", server.url(), {"a"}).out == "a:1 has moved from sha256:1 to sha256:2\n");
}
