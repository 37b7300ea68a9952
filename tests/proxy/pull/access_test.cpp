// An upstream with access = "per-client": what is stored is shown to those alone to whom upstream shows it.
#include "proxy/base64.h"
#include "tests/catch.h"
#include "tests/support/captured_log.h"
#include "tests/support/eventually.h"
#include "tests/support/guarded_registry.h"
#include "tests/support/mirror.h"
#include "tests/support/test_thread.h"

#include <fstream>

using namespace tests;

namespace {

std::string const repo = "team/app";
std::string const at = "/v2/" + repo;

http_client::headers as(std::string const& user) {
    return {{"Authorization", basic_authorization(user, user + "'s password")}};
}

// docker.io guards its repositories: alice and carol may read team/app, bob may not.
struct guarded_mirror : mirror {
    guarded_mirror() {
        settings.upstreams[0].access = proxy::upstream_access::per_client;
        for (auto const* user : {"alice", "bob", "carol"})
            registry.add_user(user, user + std::string("'s password"));
        registry.allow("alice", repo);
        registry.allow("carol", repo);
        blob = registry.put_blob(repo, layer);
        manifest = registry.put_manifest(repo, "1.0", image_manifest({"{}", layer}));
    }

    // In team/evil, which `reader` may read, manifests that name what is team/app's.
    void put_evil(std::string const& reader) {
        registry.allow(reader, "team/evil");
        registry.put_manifest("team/evil", "layer", image_manifest({"another config", layer}));
        registry.put_manifest(
            "team/evil", "image",
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)"
            R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
                manifest + R"(","size":500}]})");
    }

    std::size_t heads() const {
        auto const all = origin.requests();
        return static_cast<std::size_t>(
            std::ranges::count_if(all, [](recorded_request const& r) { return r.method == "HEAD"; }));
    }

    guarded_registry registry{origin};
    std::string const layer = random_bytes(100'000, 1);
    std::string blob, manifest;
};

} // namespace

TEST_CASE("what was fetched for one client is not shown to another whom upstream refuses") {
    guarded_mirror m;
    m.start();
    for (auto const& path : {at + "/manifests/1.0", at + "/manifests/" + m.manifest, at + "/blobs/" + m.blob}) {
        INFO(path);
        CHECK(m.get(path, as("alice")).status == 200);
        for (auto const& who : {as("bob"), http_client::headers{}, as("mallory")}) {
            auto const refused = m.get(path, who);
            CHECK(refused.status == 401);
            CHECK(refused.header("WWW-Authenticate") == "Basic realm=\"layerd\"");
            CHECK(refused.body.find("UNAUTHORIZED") != std::string::npos);
        }
        CHECK(m.get(path, as("alice")).status == 200);
    }
}

TEST_CASE("a page for people is no word of upstream's: it opens nothing") {
    guarded_mirror m;
    m.origin.on("GET", "/login").reply(200, {{"Content-Type", "text/html"}}, "<html>Please log in</html>");
    m.start();
    std::vector<std::string> const paths{at + "/manifests/1.0", at + "/manifests/" + m.manifest,
                                         at + "/blobs/" + m.blob};
    for (auto const& path : paths)
        REQUIRE(m.get(path, as("alice")).status == 200);
    for (auto const& page : {reply(200).header("Content-Type", "text/html").body("<html>Please log in</html>"),
                             reply(200).header("Content-Type", "application/json").body(R"({"login":"/login"})"),
                             reply(302).header("Location", m.origin.url("/login")), reply(204)}) {
        m.registry.show_strangers(page);
        for (auto const& path : paths)
            for (auto const& who : {as("bob"), http_client::headers{}}) {
                INFO(path);
                auto const a = m.get(path, who);
                CHECK(a.status / 100 == 5); // an upstream that fails often is left alone for a while
                CHECK(a.body.size() < 1000);
            }
    }
    CHECK(m.get(paths[2], as("alice")).body == m.layer);
}

TEST_CASE("a blob of no manifest is shown to whom upstream gives a part of it") {
    guarded_mirror m;
    auto const path = at + "/blobs/" + digest_of(m.layer);
    auto const shared = std::make_shared<std::string const>(m.layer);
    m.origin.on("HEAD", path).reply(reply().body(m.layer)); // names no digest
    m.origin.on("GET", path).call([shared](recorded_request const& r) { return whole_or_part(shared, r); });
    m.start();
    CHECK(m.get(path, as("alice")).body == m.layer);
    CHECK(m.origin.requests(path)[1].header("Range") == "bytes=0-0");
}

TEST_CASE("what is fetched ahead is asked for in the name of the client that is about to want it") {
    guarded_mirror m;
    m.settings.upstreams[0].prefetch = proxy::prefetch_mode::on;
    m.start();
    CHECK(m.get(at + "/manifests/1.0", as("alice")).status == 200);
    CHECK(eventually([&] {
        auto const stats = m.stats();
        return stats.find(R"("prefetch":{"blobs":2)") != std::string::npos &&
               stats.find(R"("running_fills":0)") != std::string::npos;
    }));
    CHECK(m.get(at + "/blobs/" + m.blob, as("bob")).status == 401);
    CHECK(m.get(at + "/blobs/" + m.blob, as("alice")).header("Cache-Status") == "layerd; hit");
}

TEST_CASE("another client with the right gets what is stored, and its own word from upstream") {
    guarded_mirror m;
    m.start();
    REQUIRE(m.get(at + "/blobs/" + m.blob, as("alice")).body == m.layer);
    auto const again = m.get(at + "/blobs/" + m.blob, as("carol"));
    CHECK(again.body == m.layer);
    CHECK(again.header("Cache-Status") == "layerd; hit");
    auto const asked = m.origin.requests(at + "/blobs/" + m.blob);
    CHECK(asked.back().method == "HEAD");
    CHECK(asked.back().header("Authorization") == guarded_registry::token_of("carol", repo));
}

TEST_CASE("upstream's word counts for the repository until access_ttl is over") {
    guarded_mirror m;
    m.start();
    REQUIRE(m.get(at + "/manifests/" + m.manifest, as("alice")).status == 200);
    auto const before = m.heads();
    REQUIRE(m.get(at + "/manifests/" + m.manifest, as("alice")).status == 200);
    REQUIRE(m.get(at + "/blobs/" + m.blob, as("alice")).status == 200);
    CHECK(m.heads() == before);
}

TEST_CASE("a login that was just refused is not asked about again") {
    guarded_mirror m;
    m.start();
    for (auto const& path : {at + "/manifests/1.0", at + "/blobs/" + m.blob}) {
        CHECK(m.get(path, as("bob")).status == 401);
        auto const asked = m.origin.requests().size();
        CHECK(m.get(path, as("bob")).status == 401);
        CHECK(m.origin.requests().size() == asked);
        CHECK(m.get(path, as("alice")).status == 200);
    }
}

TEST_CASE("a refusal after a client was let in is the end of that") {
    guarded_mirror m;
    auto const gone = digest_of("gone");
    m.origin.on("GET", at + "/blobs/" + gone).reply(403);
    m.origin.on("GET", at + "/manifests/" + gone).reply(403);
    m.origin.on("GET", at + "/tags/list").reply(403);
    m.start();
    for (auto const* what : {"/blobs/", "/manifests/", "/tags/list"}) {
        INFO(what);
        REQUIRE(m.get(at + "/blobs/" + m.blob, as("alice")).status == 200);
        auto const before = m.heads();
        REQUIRE(m.get(at + "/blobs/" + m.blob, as("alice")).status == 200);
        CHECK(m.heads() == before);
        CHECK(m.get(at + what + (what == std::string("/tags/list") ? "" : gone), as("alice")).status / 100 == 4);
        REQUIRE(m.get(at + "/blobs/" + m.blob, as("alice")).status == 200);
        CHECK(m.heads() == before + 1);
    }
}

TEST_CASE("a right to one repository is none to another") {
    guarded_mirror m;
    m.registry.allow("bob", "team/tool");
    m.registry.put_manifest("team/tool", "1.0", "{}");
    m.start();
    REQUIRE(m.get(at + "/blobs/" + m.blob, as("alice")).status == 200);
    REQUIRE(m.get("/v2/team/tool/manifests/1.0", as("bob")).status == 200);
    CHECK(m.get("/v2/team/tool/blobs/" + m.blob, as("bob")).status == 404);
    CHECK(m.get(at + "/blobs/" + m.blob, as("bob")).status == 401);
}

TEST_CASE("a manifest that names what belongs to others opens none of it") {
    guarded_mirror m;
    auto const evil = "/v2/team/evil/";
    m.put_evil("bob");
    m.start();
    REQUIRE(m.get(at + "/manifests/1.0", as("alice")).status == 200);
    REQUIRE(m.get(at + "/blobs/" + m.blob, as("alice")).status == 200);
    REQUIRE(m.get(evil + std::string("manifests/layer"), as("bob")).status == 200);
    REQUIRE(m.get(evil + std::string("manifests/image"), as("bob")).status == 200);
    CHECK(m.get(evil + ("blobs/" + m.blob), as("bob")).status == 404);
    CHECK(m.get(evil + ("manifests/" + m.manifest), as("bob")).status == 404);
    CHECK(m.get(at + "/blobs/" + m.blob, as("alice")).header("Cache-Status") == "layerd; hit");
}

TEST_CASE("nor does one of an upstream that shows everybody the same") {
    guarded_mirror m; // ghcr.io is such a one
    auto const evil = "/v2/ghcr.io/team/evil/";
    m.put_evil("");
    m.start();
    REQUIRE(m.get(at + "/manifests/1.0", as("alice")).status == 200);
    REQUIRE(m.get(at + "/blobs/" + m.blob, as("alice")).status == 200);
    REQUIRE(m.get(evil + std::string("manifests/layer")).status == 200);
    REQUIRE(m.get(evil + std::string("manifests/image")).status == 200);
    CHECK(m.get(evil + ("blobs/" + m.blob)).status == 404);
    CHECK(m.head(evil + ("blobs/" + m.blob)).status == 404);
    CHECK(m.get(evil + ("manifests/" + m.manifest)).status == 404);
    http_client c(m.server->port());
    CHECK(c.request("POST", "/v2/local/app/blobs/uploads/?mount=" + m.blob + "&from=ghcr.io/team/evil").status == 202);
}

TEST_CASE("nor does it open a download that is under way for others") {
    guarded_mirror m;
    auto const bytes = random_bytes(200'000, 3);
    auto const path = at + "/blobs/" + digest_of(bytes);
    auto const flow = gate::closed();
    m.registry.put(repo, path, reply(200).body(bytes).hold_body(flow));
    m.registry.allow("bob", "team/evil");
    m.registry.put_manifest("team/evil", "layer", image_manifest({"{}", bytes}));
    m.start();
    REQUIRE(m.get(at + "/manifests/1.0", as("alice")).status == 200);
    REQUIRE(m.get("/v2/team/evil/manifests/layer", as("bob")).status == 200);
    http_answer first;
    test_thread alice([&] { first = m.get(path, as("alice")); });
    REQUIRE(m.origin.wait_for(path, 1));
    CHECK(m.get("/v2/team/evil/blobs/" + digest_of(bytes), as("bob")).status == 404);
    flow->open();
    alice.join();
    CHECK(first.body == bytes);
}

TEST_CASE("a layer that was stored for others is asked about once where a manifest names it, and not downloaded") {
    guarded_mirror m;
    auto const path = "/v2/team/tool/blobs/" + m.blob;
    m.registry.allow("bob", "team/tool");
    m.registry.put_blob("team/tool", m.layer);
    m.registry.put_manifest("team/tool", "1.0", image_manifest({"{}", m.layer}));
    m.start();
    REQUIRE(m.get(at + "/blobs/" + m.blob, as("alice")).status == 200);
    REQUIRE(m.get("/v2/team/tool/manifests/1.0", as("bob")).status == 200);
    CHECK(m.get(path, as("bob")).header("Cache-Status") == "layerd; hit; detail=access-checked");
    CHECK(m.get(path, as("bob")).header("Cache-Status") == "layerd; hit");
    CHECK(m.origin.count("HEAD", path) == 1);
    CHECK(m.origin.count("GET", path) == 0);
}

TEST_CASE("what upstream shows to everybody needs no login") {
    guarded_mirror m;
    m.registry.allow("", "library/alpine");
    m.registry.put_manifest("library/alpine", "3", image_manifest({"{}"}));
    m.start();
    CHECK(m.get("/v2/alpine/manifests/3").status == 200);
    CHECK(m.get("/v2/alpine/manifests/3", {{"Authorization", "Basic Og=="}}).status == 200); // ":"
    CHECK(m.get("/v2/alpine/manifests/3").header("Cache-Status") == "layerd; hit");
}

TEST_CASE("a login that is none is refused before upstream hears of it") {
    guarded_mirror m;
    m.start();
    for (std::string const value : {"Bearer abc", "Basic", "Basic ***", "Basic YWxpY2U=", "Digest a=b"}) {
        INFO(value);
        CHECK(m.get(at + "/manifests/1.0", {{"Authorization", value}}).status == 401);
    }
    CHECK(m.origin.requests().empty());
}

TEST_CASE("a token of this registry is not shown to upstream, whoever's password it would be there") {
    guarded_mirror m;
    m.start();
    auto const part = [](std::string const& json) { return proxy::base64url(json); };
    auto const token = part(R"({"alg":"EdDSA"})") + "." + part(R"({"iss":"layerd","sub":"ci"})") + "." + part("x");
    CHECK(m.get(at + "/manifests/1.0", {{"Authorization", basic_authorization("ci", token)}}).status == 401);
    CHECK(m.origin.requests().empty());
}

TEST_CASE("layerd's own credentials open nothing to clients") {
    guarded_mirror m;
    auto const file = m.store.path() / "password";
    std::ofstream(file) << "alice's password";
    m.settings.upstreams[0].username = "alice";
    m.settings.upstreams[0].password_file = file;
    m.start();
    CHECK(m.get(at + "/manifests/1.0").status == 401);
    CHECK(m.get(at + "/manifests/1.0", as("bob")).status == 401);
    for (auto const& r : m.origin.requests("/token"))
        CHECK(r.header("Authorization") != basic_authorization("alice", "alice's password"));
}

TEST_CASE("a login is told to the token server of its upstream, and to nobody else") {
    guarded_mirror m;
    scripted_origin other;
    m.settings.upstreams[1].endpoints = {other.endpoint()};
    other.on("GET", "/v2/team/app/manifests/1.0")
        .reply(200, {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}}, image_manifest({"{}"}));
    m.start();
    REQUIRE(m.get(at + "/manifests/1.0", as("alice")).status == 200);
    REQUIRE(m.get("/v2/ghcr.io/team/app/manifests/1.0", as("alice")).status == 200);
    for (auto const& r : other.requests())
        CHECK_FALSE(r.has_header("Authorization"));
    for (auto const& r : m.origin.requests())
        CHECK(r.header("Authorization").starts_with("Basic ") == (r.path == "/token"));
}

TEST_CASE("while upstream cannot be asked, those alone are served who were let in a short time ago") {
    guarded_mirror m;
    auto origin = std::make_unique<scripted_origin>();
    guarded_registry registry(*origin);
    for (auto const* user : {"alice", "carol"}) {
        registry.add_user(user, user + std::string("'s password"));
        registry.allow(user, repo);
    }
    auto const d = registry.put_blob(repo, m.layer);
    m.settings.upstreams[0].endpoints = {origin->endpoint()};
    m.start();
    REQUIRE(m.get(at + "/blobs/" + d, as("alice")).status == 200);
    origin.reset();
    CHECK(m.get(at + "/blobs/" + d, as("alice")).body == m.layer);
    CHECK(m.get(at + "/blobs/" + d, as("carol")).status / 100 == 5);
    CHECK(m.get(at + "/blobs/" + d).status / 100 == 5);
}

TEST_CASE("a refused HEAD of a blob is no answer, a refused GET is") {
    guarded_mirror m;
    m.origin.on("HEAD", at + "/blobs/" + m.blob).reply(403);
    m.start();
    CHECK(m.get(at + "/blobs/" + m.blob, as("alice")).body == m.layer);
    CHECK(m.get(at + "/blobs/" + m.blob, as("bob")).status == 401);
    auto const gets = [](recorded_request const& r) { return r.method == "GET"; };
    auto const asked = m.origin.requests(at + "/blobs/" + m.blob);
    auto const question = std::ranges::find_if(asked, gets);
    REQUIRE(question != asked.end());
    CHECK(question->header("Range") == "bytes=0-0");
}

TEST_CASE("what is stored is shown at once, however many downloads are under way") {
    guarded_mirror m;
    m.settings.upstreams[0].max_requests = 1;
    auto const slow = random_bytes(200'000, 7);
    auto const flow = gate::closed();
    m.registry.put(repo, at + "/blobs/" + digest_of(slow), reply(200).body(slow).hold_body(flow));
    m.start();
    REQUIRE(m.get(at + "/blobs/" + m.blob, as("alice")).status == 200);
    http_client under_way(m.server->port());
    auto const login = "Authorization: " + basic_authorization("alice", "alice's password");
    under_way.send_raw("GET " + at + "/blobs/" + digest_of(slow) + " HTTP/1.1\r\nHost: x\r\n" + login + "\r\n\r\n");
    under_way.read_raw_until("\r\n\r\n");
    CHECK(m.get(at + "/blobs/" + m.blob, as("carol")).body == m.layer);
    flow->open();
}

TEST_CASE("lists of tags and referrers are asked for in the client's name each time") {
    guarded_mirror m;
    m.registry.put(repo, at + "/tags/list", reply(200).body(R"({"name":"team/app","tags":["1.0"]})"));
    m.registry.put(repo, at + "/referrers/" + m.manifest,
                   reply(200).header("Content-Type", "application/vnd.oci.image.index.v1+json").body("{}"));
    m.start();
    for (auto const& path : {at + "/tags/list", at + "/referrers/" + m.manifest}) {
        INFO(path);
        CHECK(m.get(path, as("alice")).status == 200);
        CHECK(m.get(path, as("bob")).status == 401);
        CHECK(m.get(path).status == 401);
    }
}

TEST_CASE("a download that upstream refuses to go on with for one client is done again for the other") {
    guarded_mirror m;
    auto const bytes = random_bytes(200'000, 2);
    auto const d = digest_of(bytes);
    auto const path = at + "/blobs/" + d;
    auto const hold = gate::closed();
    m.origin.on("HEAD", path).reply(200, {{"Content-Length", "200000"}});
    m.origin.on("GET", path).call([&](recorded_request const& r) {
        if (r.header("Authorization") == guarded_registry::token_of("carol", repo))
            return reply(200).body(bytes);
        return reply(403).hold_head(hold);
    });
    m.start();
    REQUIRE(m.get(at + "/manifests/1.0", as("alice")).status == 200); // both are let in, and have their tokens
    REQUIRE(m.get(at + "/manifests/1.0", as("carol")).status == 200);
    http_answer first, second;
    test_thread alice([&] { first = m.get(path, as("alice")); });
    m.origin.wait_for(path, 1);
    test_thread carol([&] { second = m.get(path, as("carol")); });
    CHECK(eventually([&] {
        return http_get(m.server->admin_port(), "/api/v1/fills").body.find("\"followers\":2") != std::string::npos;
    }));
    hold->open();
    alice.join();
    carol.join();
    CHECK(first.status == 404);
    CHECK(second.body == bytes);
}

TEST_CASE("a realm on another host never hears a client's password") {
    guarded_mirror m;
    scripted_origin foreign;
    m.origin.on("GET", "/v2/team/trap/manifests/1")
        .reply(401, {{"WWW-Authenticate", "Bearer realm=\"" + foreign.url("/token", "localhost") + "\""}});
    m.start();
    CHECK(m.get("/v2/team/trap/manifests/1", as("alice")).status == 401);
    CHECK(foreign.connections() == 0);

    foreign.on("GET", "/token").reply(401);
    m.settings.upstreams[0].token_hosts = {"localhost"};
    m.restart();
    CHECK(m.get("/v2/team/trap/manifests/1", as("alice")).status == 401);
    CHECK(foreign.requests("/token").at(0).header("Authorization") == as("alice")[0].second);
}

TEST_CASE("a client's token stays behind when upstream leads to another host") {
    guarded_mirror m;
    scripted_origin storage;
    auto const bytes = random_bytes(50'000, 2);
    auto const path = at + "/blobs/" + digest_of(bytes);
    storage.on("GET", "/bucket").serve(bytes);
    m.registry.put(repo, path, reply(307).header("Location", storage.url("/bucket", "localhost")));
    m.start();
    CHECK(m.get(path, as("alice")).body == bytes);
    REQUIRE_FALSE(storage.requests().empty());
    for (auto const& r : storage.requests())
        CHECK_FALSE(r.has_header("Authorization"));
}

TEST_CASE("no log says a password or a token") {
    captured_log log;
    spdlog::default_logger()->set_level(spdlog::level::trace);
    guarded_mirror m;
    m.settings.log.level = "trace";
    m.start();
    m.get(at + "/manifests/1.0", as("alice"));
    m.get(at + "/manifests/1.0", as("bob"));
    m.get(at + "/blobs/" + m.blob, as("alice"));
    m.server->stop();
    for (auto const* user : {"alice", "bob"}) {
        CHECK_FALSE(log.has(as(user)[0].second.substr(6)));
        CHECK_FALSE(log.has(std::string(user) + "'s password"));
        CHECK_FALSE(log.has("token-" + std::string(user)));
    }
}

TEST_CASE("a ping asks for a login where the upstream that it is about shows each client its own") {
    guarded_mirror m;
    m.start();
    CHECK(m.get("/v2/").status == 401);
    CHECK(m.get("/v2/").header("WWW-Authenticate") == "Basic realm=\"layerd\"");
    CHECK(m.get("/v2/", as("alice")).status == 200);
    CHECK(m.get("/docker.io/v2/").status == 401);
    for (auto const& other : {"/v2/?ns=ghcr.io", "/ghcr.io/v2/"}) { // a login is of use here too, but not asked for
        INFO(other);
        CHECK(m.get(other).status == 200);
        CHECK(m.get(other).header("WWW-Authenticate") == "Basic realm=\"layerd\"");
    }
}

TEST_CASE("a ping says nothing of a login where none is of use") {
    mirror m;
    m.start();
    CHECK(m.get("/v2/").status == 200);
    CHECK(m.get("/v2/").header("WWW-Authenticate").empty());
}

TEST_CASE("who pushes cannot mount what belongs to others") {
    guarded_mirror m;
    m.start();
    REQUIRE(m.get(at + "/blobs/" + m.blob, as("alice")).status == 200);
    for (std::string const from : {"&from=team/app", "&from=docker.io/team/app", ""}) {
        INFO(from);
        http_client c(m.server->port());
        CHECK(c.request("POST", "/v2/local/app/blobs/uploads/?mount=" + m.blob + from).status == 202);
    }
    CHECK(m.get("/v2/local/app/blobs/" + m.blob).status == 404);
}

TEST_CASE("a running server takes a changed password up") {
    mirror m;
    guarded_registry registry(m.origin);
    registry.add_user("operator", "new");
    registry.allow("operator", repo);
    registry.put_manifest(repo, "1.0", image_manifest({"{}"}));
    auto const file = m.store.path() / "password";
    std::ofstream(file) << "old one";
    m.settings.upstreams[0].username = "operator";
    m.settings.upstreams[0].password_file = file;
    m.start();
    CHECK(m.get(at + "/manifests/1.0").status == 404);
    std::ofstream(file) << "new";
    CHECK(m.get(at + "/manifests/1.0").status == 200);
}
