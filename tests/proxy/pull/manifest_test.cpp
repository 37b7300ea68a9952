#include "oci/manifest.h"
#include "tests/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/mirror.h"
#include "tests/support/test_thread.h"

#include <boost/algorithm/string/erase.hpp>

#include <map>
#include <vector>

using namespace tests;

namespace {

std::string const repo = "library/alpine";
std::string manifest_path(std::string const& reference) {
    return "/v2/" + repo + "/manifests/" + reference;
}

struct image {
    std::string config = random_bytes(500, 100);
    std::string layer = random_bytes(150'000, 101);
    std::string manifest = image_manifest({config, layer});
};

} // namespace

TEST_CASE("a tag is pulled once and then served from the store, byte for byte") {
    mirror m;
    image const i;
    auto const d = m.put_manifest(repo, "3.19", i.manifest);
    m.start();
    auto const first = m.get(manifest_path("3.19"));
    CHECK(first.status == 200);
    CHECK(first.body == i.manifest);
    CHECK(first.header("Content-Type") == "application/vnd.oci.image.manifest.v1+json");
    CHECK(first.header("Docker-Content-Digest") == d);
    CHECK(first.header("Cache-Status") == "layerd; fwd=miss; stored");
    auto const asked = m.origin.requests().size();
    auto const second = m.get(manifest_path("3.19"));
    CHECK(second.body == i.manifest);
    CHECK(second.header("Cache-Status") == "layerd; hit");
    CHECK_FALSE(second.header("Age").empty());
    CHECK(m.get(manifest_path(d)).header("Cache-Status") == "layerd; hit");
    CHECK(m.origin.requests().size() == asked);
}

TEST_CASE("a HEAD of a cold tag costs upstream no GET and says what a pull needs") {
    mirror m;
    image const i;
    auto const d = m.put_manifest(repo, "3.19", i.manifest);
    m.start();
    auto const a = m.head(manifest_path("3.19"));
    CHECK(a.status == 200);
    CHECK(a.header("Docker-Content-Digest") == d);
    CHECK(a.header("Content-Length") == std::to_string(i.manifest.size()));
    CHECK(m.origin.count("GET", manifest_path("3.19")) + m.origin.count("GET", manifest_path(d)) == 0);
}

TEST_CASE("who asks for a manifest that is being fetched for another is told so, and counted so") {
    mirror m;
    m.start();
    std::map<std::string, std::size_t> said;
    std::size_t asked = 0, fetched = 0;
    auto const herd_finds_it_under_way = [&] {
        auto const body = image_manifest({random_bytes(10, static_cast<unsigned>(asked))});
        auto const path = manifest_path(m.put_manifest(repo, "latest", body));
        std::vector<http_answer> answers(8);
        {
            std::vector<test_thread> herd;
            for (auto& a : answers)
                herd.emplace_back([&] { a = m.get(path); });
        }
        for (auto const& a : answers) {
            CHECK(a.body == body);
            ++said[a.header("Cache-Status")];
        }
        asked += answers.size();
        fetched += m.origin.count("GET", path);
        return said.contains("layerd; fwd=miss; collapsed");
    };
    REQUIRE(eventually(herd_finds_it_under_way));
    auto const collapsed = said["layerd; fwd=miss; collapsed"], hits = said["layerd; hit"];
    CHECK(said["layerd; fwd=miss; stored"] == fetched);
    CHECK(hits + collapsed + fetched == asked);
    auto const counted = "\"hit\":" + std::to_string(hits) + ",\"miss\":" + std::to_string(fetched) +
                         ",\"collapsed\":" + std::to_string(collapsed);
    CHECK(eventually([&] { return m.stats().find("\"manifest\":{" + counted) != std::string::npos; }));
}

TEST_CASE("a tag past its ttl is confirmed with a HEAD, not fetched again") {
    mirror m;
    image const i;
    auto const d = m.put_manifest(repo, "3.19", i.manifest);
    for (auto& u : m.settings.upstreams)
        u.tag_ttl = std::chrono::seconds(0);
    m.start();
    m.get(manifest_path("3.19"));
    auto const again = m.get(manifest_path("3.19"));
    CHECK(again.body == i.manifest);
    CHECK(again.header("Cache-Status") == "layerd; fwd=stale; hit");
    CHECK(m.origin.count("GET", manifest_path(d)) == 1);
    CHECK(m.origin.count("HEAD", manifest_path("3.19")) == 2);
}

TEST_CASE("a tag that moved is served as it is now") {
    mirror m;
    image const i;
    auto const other = image_manifest({random_bytes(10, 102)});
    m.put_manifest(repo, "3.19", i.manifest);
    auto const moved = digest_of(other);
    header_list const fields{{"Content-Type", "application/vnd.oci.image.manifest.v1+json"},
                             {"Docker-Content-Digest", moved}};
    m.origin.on("GET", manifest_path("3.19")).reply(200, fields, other);
    m.origin.on("GET", manifest_path(moved)).reply(200, fields, other);
    for (auto& u : m.settings.upstreams)
        u.tag_ttl = std::chrono::seconds(0);
    m.start();
    CHECK(m.get(manifest_path("3.19")).body == i.manifest);
    CHECK(m.get(manifest_path("3.19")).body == other);
    CHECK(m.get(manifest_path(digest_of(i.manifest))).body == i.manifest); // for pulls that began before
}

TEST_CASE("a manifest's children may be pulled without asking upstream about access") {
    mirror m;
    image const i;
    m.put_manifest(repo, "3.19", i.manifest);
    m.put_manifest("library/copy", "1", i.manifest);
    auto const d = m.put_blob(repo, i.layer);
    m.start();
    m.get(manifest_path("3.19"));
    m.get("/v2/library/copy/manifests/1");
    m.get("/v2/" + repo + "/blobs/" + d);
    auto const a = m.get("/v2/library/copy/blobs/" + d);
    CHECK(a.body == i.layer);
    CHECK(a.header("Cache-Status") == "layerd; hit");
    CHECK(m.origin.requests("/v2/library/copy/blobs/" + d).empty());
}

TEST_CASE("a layer that an index calls a manifest is none, however large it is") {
    mirror m;
    auto const layer = random_bytes(oci::max_manifest_size + 1, 1);
    auto const d = m.put_blob(repo, layer);
    m.put_manifest(repo, "index",
                   R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)"
                   R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
                       d + R"(","size":)" + std::to_string(layer.size()) + "}]}");
    m.start();
    REQUIRE(m.get(manifest_path("index")).status == 200);
    REQUIRE(m.get("/v2/" + repo + "/blobs/" + d).body == layer);
    CHECK(m.get(manifest_path(d)).status == 404);
}

TEST_CASE("what a manifest without a type names is up to its shape, what it is served as to upstream") {
    mirror m;
    image const i;
    auto const type = GENERATE(as<std::string>(), "application/vnd.docker.distribution.manifest.v1+json",
                               "application/vnd.oci.image.index.v1+json", "application/vnd.example+json");
    auto untyped = i.manifest;
    boost::algorithm::erase_first(untyped, R"("mediaType":"application/vnd.oci.image.manifest.v1+json",)");
    auto const named = digest_of(untyped);
    m.origin.on("GET", manifest_path(named)).reply(200, {{"Content-Type", type}}, untyped);
    m.put_manifest("library/copy", "1", i.manifest);
    auto const d = m.put_blob("library/copy", i.layer);
    m.start();
    m.get("/v2/library/copy/manifests/1");
    m.get("/v2/library/copy/blobs/" + d);
    for (auto const* status : {"layerd; fwd=miss; stored", "layerd; hit"}) {
        auto const a = m.get(manifest_path(named));
        CHECK(a.body == untyped);
        CHECK(a.header("Content-Type") == type);
        CHECK(a.header("Cache-Status") == status);
    }
    CHECK(m.get("/v2/" + repo + "/blobs/" + d).header("Cache-Status") == "layerd; hit");
}

TEST_CASE("If-None-Match with the manifest's digest is 304") {
    mirror m;
    image const i;
    auto const d = m.put_manifest(repo, "3.19", i.manifest);
    m.start();
    m.get(manifest_path("3.19"));
    CHECK(m.get(manifest_path("3.19"), {{"If-None-Match", '"' + d + '"'}}).status == 304);
}

TEST_CASE("upstream always hears our own full Accept list") {
    mirror m;
    image const i;
    m.put_manifest(repo, "3.19", i.manifest);
    m.start();
    m.get(manifest_path("3.19"), {{"Accept", "application/vnd.docker.distribution.manifest.v1+json"}});
    for (auto const& r : m.origin.requests()) {
        CHECK(r.header("Accept").find("application/vnd.oci.image.index.v1+json") != std::string::npos);
        CHECK(r.header("Accept").find("application/vnd.docker.distribution.manifest.list.v2+json") !=
              std::string::npos);
        CHECK(r.header("Accept-Encoding") == "identity");
    }
}

TEST_CASE("an upstream without HEAD, or without the digest in its answer, still gives its tags") {
    mirror m;
    image const i;
    auto const status = GENERATE(200u, 405u);
    m.origin.on("HEAD", manifest_path("old")).reply(status);
    m.origin.on("GET", manifest_path("old")).reply(200, {{"Content-Type", "text/plain"}}, i.manifest);
    m.start();
    auto const a = m.get(manifest_path("old"));
    CHECK(a.status == 200);
    CHECK(a.body == i.manifest);
    CHECK(a.header("Content-Type") == "application/vnd.oci.image.manifest.v1+json");
    CHECK(a.header("Docker-Content-Digest") == digest_of(i.manifest));
}

TEST_CASE("what is no manifest is not served in place of a tag's, and not remembered") {
    mirror m;
    image const i;
    auto const d = digest_of(i.manifest);
    auto const wrong =
        GENERATE(as<scripted_reply>(), //
                 reply(200).header("Content-Type", "text/html").body("<html>Please log in</html>"),
                 reply(200).header("Content-Type", "application/json").body(R"({"errors":[]})"),
                 reply(200).header("Content-Encoding", "gzip").body("\x1f\x8b\x08"), reply(200).body(""));
    m.origin.on("HEAD", manifest_path("1")).reply(wrong);
    m.origin.on("GET", manifest_path("1")).reply(wrong).reply(200, {}, i.manifest);
    m.start();
    CHECK(m.get(manifest_path("1")).status == 502);
    CHECK(m.get(manifest_path("1")).body == i.manifest);
}

TEST_CASE("a tag's manifest that is not the one upstream names is refused") {
    mirror m;
    image const i;
    auto const other = image_manifest({"another"});
    m.origin.on("HEAD", manifest_path("1")).reply(405);
    m.origin.on("GET", manifest_path("1"))
        .reply(200, {{"Docker-Content-Digest", digest_of(i.manifest)}}, other)
        .reply(200, {{"Docker-Content-Digest", digest_of(i.manifest)}}, i.manifest);
    m.start();
    CHECK(m.get(manifest_path("1")).status == 502);
    CHECK(m.get(manifest_path("1")).body == i.manifest);
}

TEST_CASE("a known tag is served stale while upstream cannot be asked, and says so") {
    mirror m;
    image const i;
    auto const d = digest_of(i.manifest);
    header_list const fields{{"Content-Type", "application/vnd.oci.image.manifest.v1+json"},
                             {"Docker-Content-Digest", d}};
    m.origin.on("HEAD", manifest_path("3.19")).reply(200, fields, i.manifest).reply(503);
    m.origin.on("GET", manifest_path(d)).reply(200, fields, i.manifest);
    for (auto& u : m.settings.upstreams)
        u.tag_ttl = std::chrono::seconds(0);
    m.start();
    m.get(manifest_path("3.19"));
    auto const stale = m.get(manifest_path("3.19"));
    CHECK(stale.status == 200);
    CHECK(stale.body == i.manifest);
    CHECK(stale.header("Cache-Status") == "layerd; hit; detail=stale-if-error");
}

TEST_CASE("a tag that upstream removed is gone here too") {
    mirror m;
    image const i;
    auto const d = digest_of(i.manifest);
    header_list const fields{{"Content-Type", "application/vnd.oci.image.manifest.v1+json"},
                             {"Docker-Content-Digest", d}};
    m.origin.on("HEAD", manifest_path("3.19")).reply(200, fields, i.manifest).reply(404);
    m.origin.on("GET", manifest_path(d)).reply(200, fields, i.manifest);
    for (auto& u : m.settings.upstreams)
        u.tag_ttl = std::chrono::seconds(0);
    m.start();
    m.get(manifest_path("3.19"));
    auto const gone = m.get(manifest_path("3.19"));
    CHECK(gone.status == 404);
    CHECK(gone.body.find("MANIFEST_UNKNOWN") != std::string::npos);
    CHECK(m.get(manifest_path(d)).status == 200);
}

TEST_CASE("what clients push elsewhere does not change what a mirrored manifest is") {
    mirror m;
    image const i;
    auto untyped = i.manifest;
    boost::algorithm::erase_first(untyped, R"("mediaType":"application/vnd.oci.image.manifest.v1+json",)");
    auto const d = m.put_manifest(repo, "3.19", untyped);
    m.start();
    auto const send = [&](std::string const& method, std::string const& path, std::string type, std::string body) {
        auto const a = http_client(m.server->port())
                           .request(method, "/v2/local/app/" + path, {{"Content-Type", std::move(type)}}, body);
        REQUIRE(a.status == 201);
    };
    auto const pushed_as = GENERATE(as<std::string>(), "application/octet-stream", "application/vnd.example+json");
    auto const push = [&] {
        if (pushed_as == "application/vnd.example+json")
            return send("PUT", "manifests/latest", pushed_as, untyped);
        send("POST", "blobs/uploads/?digest=" + d, pushed_as, untyped);
        send("PUT", "manifests/latest", {}, image_manifest({i.config, untyped}));
    };
    bool const pushed_first = GENERATE(true, false);
    if (pushed_first)
        push();
    CHECK(m.get(manifest_path("3.19")).body == untyped);
    if (!pushed_first)
        push();
    m.restart();
    auto const a = m.get(manifest_path(d));
    CHECK(a.header("Cache-Status") == "layerd; hit");
    CHECK(a.header("Content-Type") == "application/vnd.oci.image.manifest.v1+json");
    CHECK(a.body == untyped);
}

TEST_CASE("what somebody else calls a manifest is not what it is here") {
    mirror m;
    auto const child =
        R"({"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" +
        digest_of("{}") + R"(","size":2},"layers":[]})"; // names no type
    auto const d = digest_of(child);
    auto const index = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)"
                       R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
                       d + R"(","size":)" + std::to_string(child.size()) + "}]}";
    m.origin.on("GET", manifest_path(d))
        .reply(200, {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}}, child);
    auto const named = reply(200)
                           .header("Content-Type", "application/vnd.oci.image.index.v1+json")
                           .header("Docker-Content-Digest", digest_of(index))
                           .body(index);
    for (auto const& path : {manifest_path("3.19"), manifest_path(digest_of(index))})
        m.origin.on("GET", path).reply(named);
    m.start();
    REQUIRE(m.get(manifest_path("3.19")).status == 200);
    auto const pushed = http_client(m.server->port())
                            .request("POST", "/v2/local/any/blobs/uploads/?digest=" + digest_of("{}"), {}, "{}");
    REQUIRE(pushed.status == 201);
    REQUIRE(http_client(m.server->port())
                .request("PUT", "/v2/local/any/manifests/x", {{"Content-Type", "application/vnd.evil"}}, child)
                .status == 201);
    CHECK(m.get("/v2/local/any/manifests/" + d).header("Content-Type") == "application/vnd.evil");
    auto const a = m.get(manifest_path(d));
    CHECK(a.body == child);
    CHECK(a.header("Content-Type") == "application/vnd.oci.image.manifest.v1+json");
}

TEST_CASE("a browser that is led to a manifest runs nothing of it") {
    mirror m;
    auto const page = reply(200)
                          .header("Content-Type", "text/html")
                          .header("Docker-Content-Digest", digest_of("<script/>"))
                          .body("<script/>");
    for (auto const& path : {manifest_path("3.19"), manifest_path(digest_of("<script/>"))})
        m.origin.on("GET", path).reply(page);
    m.origin.on("HEAD", manifest_path("odd"))
        .reply(200,
               {{"Content-Type", "a/b\xff\tc"}, {"Docker-Content-Digest", digest_of("{}")}, {"Content-Length", "2"}},
               "");
    m.start();
    for (auto const& a : {m.get(manifest_path("3.19")), m.get(manifest_path("3.19")), m.head(manifest_path("3.19"))}) {
        CHECK(a.status == 200);
        CHECK(a.header("X-Content-Type-Options") == "nosniff");
        CHECK(a.header("Content-Security-Policy") == "default-src 'none'; sandbox");
    }
    CHECK(m.head(manifest_path("odd")).header("Content-Type").find('\t') == std::string::npos);
}

TEST_CASE("who waits for many large manifests leaves others their turn") {
    mirror m;
    auto const flow = gate::closed();
    constexpr unsigned places = 16;
    std::vector<std::string> paths;
    for (unsigned i = 0; i < places + 2; ++i) {
        auto const large =
            R"({"schemaVersion":2,"n":)" + std::to_string(i) + R"(,"x":")" + std::string(300'000, 'x') + "\"}";
        paths.push_back(manifest_path(digest_of(large)));
        auto answer = reply(200).header("Content-Type", "application/vnd.x+json").body(large);
        m.origin.on("GET", paths.back()).reply(i <= places ? answer.hold_body(flow) : answer);
    }
    m.start();
    std::vector<std::unique_ptr<http_client>> clients;
    for (unsigned i = 0; i <= places; ++i) { // who would have them all
        clients.push_back(std::make_unique<http_client>(m.server->port()));
        clients.back()->send_get(paths[i]);
        REQUIRE(m.origin.wait_for(paths[i], 1));
    }
    CHECK(http_client(m.server->port(), "127.0.0.2").get(paths.back()).status == 200);
    flow->open();
    for (auto const& c : clients)
        CHECK(c->read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
}
