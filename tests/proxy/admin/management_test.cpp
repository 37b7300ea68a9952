#include "proxy/admin/management.h"
#include "tests/catch.h"
#include "tests/support/stored_images.h"
#include "tests/support/test_thread.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <future>

using namespace proxy;
using namespace std::chrono_literals;

namespace {

namespace json = boost::json;

std::string const config_a(200, 'c'), config_b(201, 'c');
std::string const base = tests::random_bytes(100'000, 1), layer = tests::random_bytes(300'000, 2);

struct admin_bench : tests::stored_images {
    proxy::stats counts{1};
    std::unique_ptr<upstream_set> upstreams;
    collector gc{*content};
    std::unique_ptr<management> commands;

    admin_bench() {
        std::vector<std::unique_ptr<upstream>> all;
        for (auto const& u : default_config().upstreams)
            all.push_back(std::make_unique<upstream>(u, std::vector<worker*>(), counts.upstream(u.name)));
        upstreams = std::make_unique<upstream_set>(std::move(all), hosted_config());
        commands = std::make_unique<management>(*content, gc, *upstreams);
    }

    std::optional<admin_response> ask(std::string method, std::string path, std::string body = {},
                                      oci::query query = {}) const {
        return commands->handle({std::move(method), std::move(path), std::move(query), std::move(body)});
    }
    // Of a POST about an image: the status, and the document.
    std::pair<unsigned, json::object> post(std::string path, std::string const& image) const {
        auto const a = ask("POST", std::move(path), json::serialize(json::object{{"image", image}})).value();
        return {a.status, json::parse(a.body).as_object()};
    }
    std::string refusal(std::string path, std::string const& image) const {
        auto const [status, document] = post(std::move(path), image);
        return std::to_string(status) + ": " + std::string(document.at("error").as_string());
    }
    std::vector<std::string> pins() const {
        std::vector<std::string> names;
        auto const document = json::parse(ask("GET", "/api/v1/pins").value().body);
        for (auto const& p : document.at("pins").as_array())
            names.emplace_back(p.at("image").as_string());
        return names;
    }
};

} // namespace

TEST_CASE("other paths are left to others") {
    admin_bench a;
    for (auto const* path : {"/", "/api/v1", "/api/v1/stats", "/api/v1/gcc", "/api/v1/pin/", "/api/v1/purge/x"}) {
        INFO(path);
        CHECK_FALSE(a.ask("GET", path));
        CHECK_FALSE(a.ask("POST", path, "{}"));
    }
    CHECK_FALSE(a.ask("POST", "/api/v1/pins", "{}"));
}

TEST_CASE("a wrong method is 405, and says which are right") {
    admin_bench a;
    for (auto const* path : {"/api/v1/pin", "/api/v1/unpin", "/api/v1/purge"}) {
        for (auto const* method : {"GET", "HEAD", "PUT", "DELETE"}) {
            auto const r = a.ask(method, path).value();
            CHECK(r.status == 405);
            CHECK(r.allow == "POST");
        }
    }
    auto const gc = a.ask("DELETE", "/api/v1/gc").value();
    CHECK(gc.status == 405);
    CHECK(gc.allow == "GET, HEAD, POST");
}

TEST_CASE("a body that is no JSON object, or names no image, is 400") {
    admin_bench a;
    for (auto const* path : {"/api/v1/pin", "/api/v1/unpin", "/api/v1/purge"}) {
        for (auto const* body : {"", "alpine", "[1]", "{}", R"({"image": 1})", R"({"image": ""})", R"({"image":)"}) {
            INFO(path << " " << body);
            auto const r = a.ask("POST", path, body).value();
            CHECK(r.status == 400);
            CHECK(r.body.find(R"({\"image\": \"docker.io/library/alpine:3.20\"})") != std::string::npos);
        }
    }
    for (auto const* body : {"alpine", "[true]", R"({"dry_run": "yes"})", R"({"dry_run":)"})
        CHECK(a.ask("POST", "/api/v1/gc", body).value().status == 400);
}

TEST_CASE("images are named as people write them") {
    admin_bench a;
    auto const d = "@" + tests::digest_of("x");
    struct {
        std::string given, name;
    } const cases[] = {
        {"alpine", "docker.io/library/alpine:latest"},
        {"alpine:3.20", "docker.io/library/alpine:3.20"},
        {"someone/tool:v1", "docker.io/someone/tool:v1"},
        {"docker.io/alpine", "docker.io/library/alpine:latest"},
        {"index.docker.io/library/alpine:1", "docker.io/library/alpine:1"},
        {"ghcr.io/a/b:v1", "ghcr.io/a/b:v1"},
        {"local/app:1", "local/app:1"},
        {"alpine" + d, "docker.io/library/alpine" + d},
        {"ghcr.io/a/b:v1" + d, "ghcr.io/a/b" + d},
    };
    for (auto const& c : cases) {
        INFO(c.given);
        auto const [status, document] = a.post("/api/v1/pin", c.given);
        CHECK(status == 200);
        CHECK(document.at("pinned") == c.name.c_str());
        CHECK(document.at("stored") == false);
        CHECK(a.pins() == std::vector<std::string>{c.name});
        CHECK(a.post("/api/v1/unpin", c.given).second.at("unpinned") == c.name.c_str());
    }
    CHECK(a.refusal("/api/v1/pin", "quay.io/a/b:1") == "404: registry 'quay.io' is not configured as an upstream");
    for (auto const* bad : {"Alpine", "alpine:", "alpine@sha256:12", "a b", "alpine:3 20"})
        CHECK(a.post("/api/v1/pin", bad).first == 400);
}

TEST_CASE("what is pinned stays, is listed, and goes once it is unpinned") {
    admin_bench a;
    auto const manifest = a.add("docker.io/library/a", "1", {config_a, layer});
    CHECK(a.post("/api/v1/pin", "a:1").second.at("stored") == true);
    a.now += 100;
    a.expire_after(0s);
    CHECK(json::parse(a.ask("POST", "/api/v1/gc").value().body).at("objects") == 0);
    CHECK(a.pins() == std::vector<std::string>{"docker.io/library/a:1"});
    CHECK(a.refusal("/api/v1/unpin", "a:2") == "404: docker.io/library/a:2 is not pinned");

    CHECK(a.refusal("/api/v1/purge", "a:1") == "409: docker.io/library/a:1 is pinned: unpin it first");
    CHECK(a.post("/api/v1/purge", tests::digest_of(layer)).second.at("kept_in_use") == 1);
    CHECK(a.has(layer));
    CHECK(a.post("/api/v1/unpin", "a:1").first == 200);
    CHECK(json::parse(a.ask("POST", "/api/v1/gc", "{}").value().body).at("objects") == 3);
    CHECK_FALSE(a.has(manifest));
}

TEST_CASE("an image that is pinned by another name is not purged, and its parts are not hidden") {
    admin_bench a;
    auto const manifest = a.add("docker.io/library/a", "1", {config_a, layer});
    a.add("docker.io/library/a", "2", {config_a, layer});
    CHECK(a.post("/api/v1/pin", "a@" + manifest.to_string()).first == 200);
    auto const pinned = "409: docker.io/library/a:1 is pinned as docker.io/library/a@" + manifest.to_string();
    CHECK(a.refusal("/api/v1/purge", "a:1") == pinned + ": unpin it first");
    CHECK(a.post("/api/v1/purge", "a@" + tests::digest_of(layer)).first == 409);
    CHECK(a.shows("docker.io/library/a", layer));
    CHECK(a.has(layer));
}

TEST_CASE("indexes that name each other in any number of ways are looked into once each") {
    admin_bench a;
    std::string const repo = "docker.io/library/a";
    auto const index_of = [&](std::string const& bytes, std::vector<oci::digest> const& below) {
        auto const d = a.put(bytes, store::object_kind::manifest);
        oci::manifest m{.media_type = "application/vnd.oci.image.index.v1+json"};
        for (auto const& child : below)
            m.children.push_back(
                {.media_type = m.media_type, .digest = child, .size = 10, .role = oci::child_role::manifest});
        a.content->index().put_manifest(repo, d, m, bytes.size()).value();
        return d;
    };
    std::vector<oci::digest> level;
    for (int n = 0; n < 30; ++n) // 2^30 ways from the top to the bottom
        level = {index_of("left " + std::to_string(n), level), index_of("right " + std::to_string(n), level)};
    auto const top = index_of("top", level);
    CHECK(a.post("/api/v1/pin", "a@" + top.to_string()).first == 200);
    a.add(repo, "2", {config_a, layer});
    CHECK(a.post("/api/v1/purge", "a:2").first == 200);
    CHECK(a.post("/api/v1/purge", "a@" + oci::digest::of("left 0").to_string()).first == 409);
}

TEST_CASE("a purge takes what no other image has") {
    admin_bench a;
    a.add("docker.io/library/a", "1", {config_a, base, layer});
    a.add("docker.io/library/b", "1", {config_b, base});
    auto const [status, document] = a.post("/api/v1/purge", "a:1");
    CHECK(status == 200);
    CHECK(document.at("purged") == "docker.io/library/a:1");
    CHECK(document.at("objects") == 3); // layer, config, manifest
    CHECK_FALSE(a.has(layer));
    CHECK(a.has(base));
    CHECK(a.shows("docker.io/library/b", base));
    CHECK_FALSE(a.shows("docker.io/library/a", base));
    CHECK(a.refusal("/api/v1/purge", "a:1") == "404: docker.io/library/a:1 is not stored here");
}

TEST_CASE("the last image that has a shared part takes it along") {
    admin_bench a;
    a.add("docker.io/library/a", "1", {config_a, base, layer});
    a.add("docker.io/library/b", "1", {config_b, base});
    CHECK(a.post("/api/v1/purge", "a:1").first == 200);
    CHECK(a.post("/api/v1/purge", "b:1").second.at("objects") == 3);
    CHECK_FALSE(a.has(base));
}

TEST_CASE("what another image of the same repository names is still shown by it") {
    admin_bench a;
    a.add("docker.io/library/a", "1", {config_a, base, layer});
    a.add("docker.io/library/a", "2", {config_b, base});
    CHECK(a.post("/api/v1/purge", "a:1").second.at("objects") == 3);
    CHECK(a.has(base));
    CHECK(a.shows("docker.io/library/a", base));
    CHECK_FALSE(a.shows("docker.io/library/a", layer));
}

TEST_CASE("a purge of one of two tags of the same content takes the tag alone") {
    admin_bench a;
    a.add("docker.io/library/a", "1", {config_a, layer});
    a.add("docker.io/library/a", "2", {config_a, layer});
    CHECK(a.post("/api/v1/purge", "a:1").second.at("objects") == 0);
    CHECK(a.has(layer));
    CHECK(a.shows("docker.io/library/a", layer));
    CHECK(a.post("/api/v1/purge", "a:1").first == 404);
    CHECK(a.post("/api/v1/purge", "a:2").second.at("objects") == 3);
    CHECK_FALSE(a.has(layer));
}

TEST_CASE("content is purged by its digest alone, whoever has it") {
    admin_bench a;
    a.add("docker.io/library/a", "1", {config_a, layer});
    CHECK(a.post("/api/v1/purge", tests::digest_of(layer)).second.at("objects") == 1);
    CHECK_FALSE(a.has(layer));
    CHECK(a.refusal("/api/v1/purge", tests::digest_of(layer)) ==
          "404: " + tests::digest_of(layer) + " is not stored here");
}

TEST_CASE("a dry run may be asked for in the query or in the body") {
    admin_bench a;
    a.add("docker.io/library/a", "1", {config_a, layer});
    a.expire_after(0s);
    oci::query query;
    query.items.emplace_back("dry_run", "1");
    for (auto const& answer : {a.ask("POST", "/api/v1/gc", "", query), a.ask("POST", "/api/v1/gc", "{}", query),
                               a.ask("POST", "/api/v1/gc", R"({"dry_run": true})")}) {
        auto const report = json::parse(answer.value().body);
        CHECK(report.at("dry_run") == true);
        CHECK(report.at("objects") == 3);
    }
    CHECK(a.has(layer));
    auto const report = json::parse(a.ask("POST", "/api/v1/gc", R"({"dry_run": false})").value().body);
    CHECK(report.at("dry_run") == false);
    CHECK_FALSE(a.has(layer));
    auto const state = json::parse(a.ask("GET", "/api/v1/gc").value().body);
    CHECK(state.at("running") == false);
    CHECK(state.at("runs") == 1);
}

TEST_CASE("a collection beside another is 409") {
    admin_bench a;
    a.add("docker.io/library/a", "1", {config_a, layer});
    a.expire_after(0s);
    std::promise<void> begun, go;
    a.when_asked = [&, first = true]() mutable {
        if (std::exchange(first, false)) {
            begun.set_value();
            go.get_future().wait();
        }
    };
    unsigned first_status = 0;
    {
        tests::test_thread const run([&] { first_status = a.ask("POST", "/api/v1/gc").value().status; });
        CHECK(begun.get_future().wait_for(1min) == std::future_status::ready);
        CHECK(json::parse(a.ask("GET", "/api/v1/gc").value().body).at("running") == true);
        auto const second = a.ask("POST", "/api/v1/gc").value();
        CHECK(second.status == 409);
        CHECK(second.body == "{\"error\":\"a collection is under way already: try again when it is done\"}\n");
        go.set_value();
    }
    CHECK(first_status == 200);
}
