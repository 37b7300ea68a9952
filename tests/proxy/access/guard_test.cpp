// Rules on a whole layerd: who is let in, who is asked for a login, who is turned away.
#include "tests/catch.h"
#include "tests/support/captured_log.h"
#include "tests/support/guarded_mirror.h"

#include <filesystem>
#include <fstream>

using namespace tests;

namespace {

// alice pushes to local/alice, bob to local/bob; everybody reads docker.io's public images; operators are alice.
constexpr char const* two_tenants = R"(
[[access.rule]]
users = ["alice"]
allow = ["pull", "push", "delete"]
repositories = ["local/alice/**"]
[[access.rule]]
users = ["bob"]
allow = ["pull", "push"]
repositories = ["local/bob/**"]
[[access.rule]]
users = ["alice"]
allow = ["admin"]
[[access.rule]]
deny = ["admin"]
[[access.rule]]
allow = ["pull"]
repositories = ["docker.io/library/**"]
)";

std::string const scope_of_alice = "?scope=repository:local/alice/app:pull,push";

std::string upload_of(std::string const& bytes, std::string const& repo) {
    return "/v2/" + repo + "/blobs/uploads/?digest=" + digest_of(bytes);
}

} // namespace

TEST_CASE("what a rule opens to everybody needs no login, and nothing else is served without") {
    guarded_mirror m(two_tenants);
    m.put_manifest("library/a", "1", image_manifest({"{}"}));
    m.put_manifest("acme/secret", "1", image_manifest({"{}"}));
    m.start();
    CHECK(m.status("GET", "/v2/library/a/manifests/1") == 200);
    auto const asked = m.ask("GET", "/v2/acme/secret/manifests/1");
    CHECK(asked.status == 401);
    CHECK(asked.headers("WWW-Authenticate") ==
          std::vector<std::string>{"Bearer realm=\"http://localhost/token\",service=\"layerd\","
                                   "scope=\"repository:acme/secret:pull\""});
    CHECK(m.status("GET", "/v2/acme/secret/manifests/1", alice()) == 403); // no login of hers would help
    CHECK(m.origin.count("GET", "/v2/acme/secret/manifests/1") == 0);
    CHECK(m.origin.count("HEAD", "/v2/acme/secret/manifests/1") == 0);
}

TEST_CASE("who may pull nothing does not learn what is mirrored or hosted") {
    guarded_mirror m("[[access.rule]]\nusers = [\"alice\"]\nallow = [\"pull\", \"push\"]\n");
    m.start();
    auto const nothing = "Bearer " + member(m.token_answer("?service=layerd").body, "token"); // of nobody
    for (auto const& who : {std::string(), nothing}) {
        auto const told = [&](std::string const& method, std::string const& target) {
            auto const a = m.ask(method, target, who);
            return std::to_string(a.status) + ' ' + a.header("WWW-Authenticate") + a.body;
        };
        CHECK(told("GET", "/v2/app/x/manifests/1?ns=nothere.example") == told("GET", "/v2/app/x/manifests/1"));
        CHECK(told("GET", "/v2/app/x/manifests/1").starts_with("40"));
        CHECK(told("POST", "/v2/app/x/blobs/uploads/?ns=nothere.example") == told("POST", "/v2/app/x/blobs/uploads/"));
    }
    CHECK(m.status("GET", "/v2/app/x/manifests/1?ns=nothere.example", alice()) == 404);
    CHECK(m.status("POST", "/v2/app/x/blobs/uploads/?ns=nothere.example", alice()) == 405);
}

TEST_CASE("who may pull something does not learn by a refused push what is hosted here") {
    guarded_mirror m(two_tenants);
    m.settings.upstreams.front().is_default = false;
    m.start();
    auto const refused = m.ask("POST", "/v2/app/x/blobs/uploads/", bob());
    CHECK(refused.status == 405);
    CHECK(refused.body.find("app/x is not hosted here") != std::string::npos);
    CHECK(refused.body.find("local") == std::string::npos);
}

TEST_CASE("a login is right or refused, the first time as later, and is not needed to be shown again soon") {
    guarded_mirror m(two_tenants);
    m.start();
    for (int time = 0; time < 3; ++time) {
        CHECK(m.status("GET", "/v2/", basic_authorization("alice", "bob's")) == 401);
        CHECK(m.status("GET", "/v2/", basic_authorization("carol", "alice's")) == 401);
        CHECK(m.status("GET", "/v2/", alice()) == 200);
    }
    for (auto const* nonsense :
         {"Basic", "Basic !", "Basic YWxpY2U=", "Digest x", "Bearer", "Bearer x", "Bearer a.b.c"})
        CHECK(m.status("GET", "/v2/", nonsense) == 401);
    auto const refused = m.ask("GET", "/v2/", basic_authorization("alice", "x"));
    CHECK(refused.headers("WWW-Authenticate").at(0).find(R"(error="invalid_token")") != std::string::npos);
    auto const counts = m.admin_ask("GET", "/api/v1/stats", alice()).body;
    CHECK(counts.find("\"failed_logins\":14") != std::string::npos);
}

TEST_CASE("each pushes, lists, mounts and deletes where a rule says, and nowhere else") {
    guarded_mirror m(two_tenants);
    m.start();
    auto const mine = random_bytes(3000, 1), yours = random_bytes(3000, 2);
    CHECK(m.status("POST", upload_of(mine, "local/alice/app"), alice(), mine) == 201);
    CHECK(m.status("POST", upload_of(yours, "local/bob/app"), bob(), yours) == 201);
    CHECK(m.status("POST", upload_of(yours, "local/alice/app"), bob(), yours) == 403);
    CHECK(m.status("POST", upload_of(yours, "local/alice/app"), {}, yours) == 401);

    CHECK(m.ask("GET", "/v2/local/alice/app/blobs/" + digest_of(mine), alice()).body == mine);
    CHECK(m.status("GET", "/v2/local/alice/app/blobs/" + digest_of(mine), bob()) == 403);
    CHECK(m.status("HEAD", "/v2/local/alice/app/blobs/" + digest_of(mine), bob()) == 403);
    CHECK(m.status("GET", "/v2/local/bob/app/blobs/" + digest_of(mine), bob()) == 404); // not by its digest either

    auto const mount = [&](std::string const& query) {
        return m.status("POST", "/v2/local/bob/app/blobs/uploads/?mount=" + digest_of(mine) + query, bob());
    };
    CHECK(mount("&from=local/alice/app") == 202); // an upload, as if there were no such blob
    CHECK(mount("") == 202);

    auto const manifest = image_manifest({mine});
    CHECK(m.status("PUT", "/v2/local/alice/app/manifests/1", bob(), manifest) == 403);
    CHECK(m.status("DELETE", "/v2/local/bob/app/blobs/" + digest_of(yours), bob()) == 403); // push is not delete

    CHECK(m.ask("GET", "/v2/_catalog", alice()).body == R"({"repositories":["local/alice/app"]})");
    CHECK(m.ask("GET", "/v2/_catalog", bob()).body == R"({"repositories":["local/bob/app"]})");
    CHECK(m.status("GET", "/v2/_catalog") == 401);
    CHECK(m.status("DELETE", "/v2/local/alice/app/blobs/" + digest_of(mine), alice()) == 202);
}

TEST_CASE("the catalog's pages pass over what is not one's own, and miss nothing") {
    guarded_mirror m(two_tenants);
    m.start();
    auto const bytes = random_bytes(300, 1);
    for (int i = 0; i < 5; ++i)
        for (auto const& [user, name] : {std::pair(alice(), "alice"), std::pair(bob(), "bob")})
            CHECK(m.status("POST", upload_of(bytes, "local/" + std::string(name) + "/" + std::to_string(i)), user,
                           bytes) == 201);
    std::string all, next = "/v2/_catalog?n=2";
    for (int pages = 0; !next.empty() && pages < 10; ++pages) {
        auto const page = m.ask("GET", next, bob());
        all += page.body;
        auto const link = page.header("Link");
        next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    }
    CHECK(all == R"({"repositories":["local/bob/0","local/bob/1"]}{"repositories":["local/bob/2","local/bob/3"]})"
                 R"({"repositories":["local/bob/4"]})");
}

TEST_CASE("the admin API is for whom a rule names, whether it lives is for all") {
    guarded_mirror m(two_tenants);
    m.start();
    CHECK(m.admin_ask("GET", "/healthz").status == 200);
    CHECK(m.admin_ask("GET", "/readyz").status == 200);
    for (auto const* path : {"/", "/metrics", "/api/v1/stats", "/api/v1/images", "/api/v1/events"}) {
        INFO(path);
        CHECK(m.admin_ask("GET", path).status == 401);
        CHECK(m.admin_ask("GET", path, bob()).status == 403);
    }
    CHECK(m.admin_ask("POST", "/api/v1/gc").status == 401);
    CHECK(m.admin_ask("POST", "/api/v1/gc", bob()).status == 403);
    CHECK(m.admin_ask("POST", "/api/v1/gc", alice()).status == 200);
    CHECK(m.admin_ask("GET", "/metrics", alice()).status == 200);
    CHECK(m.admin_ask("GET", "/metrics", "Bearer " + m.issue("alice", {"admin"}, "1h")).status == 200);
    CHECK(m.admin_ask("GET", "/metrics", "Bearer " + m.issue("alice", {"local/alice/app:pull"}, "1h")).status == 403);
}

TEST_CASE("the admin API is open to this machine where no rule speaks of it") {
    guarded_mirror m("[[access.rule]]\nallow = [\"pull\"]\n");
    m.start();
    CHECK(m.admin_ask("GET", "/metrics").status == 200);
    CHECK(m.admin_ask("POST", "/api/v1/gc").status == 200);
}

TEST_CASE("where rules say who administers this machine is like any other") {
    guarded_mirror m("[[access.rule]]\nusers = [\"alice\"]\nallow = [\"pull\", \"admin\"]\n");
    m.start();
    CHECK(m.admin_ask("GET", "/metrics").status == 401);
    CHECK(m.admin_ask("GET", "/metrics", bob()).status == 403);
    CHECK(m.admin_ask("GET", "/metrics", alice()).status == 200);
}

TEST_CASE("the log says who asked for what changes something") {
    captured_log log;
    guarded_mirror m("[[access.rule]]\nusers = [\"alice\"]\nallow = [\"pull\", \"admin\"]\n");
    m.start();
    CHECK(m.admin_ask("POST", "/api/v1/gc", alice()).status == 200);
    CHECK(log.has("POST /api/v1/gc: asked for by alice, 127.0.0.1:"));
}

TEST_CASE("a password in a query stands in no log") {
    captured_log log;
    guarded_mirror m(two_tenants);
    m.settings.log.access = true;
    m.start();
    spdlog::set_level(spdlog::level::debug);
    CHECK(m.token_answer("?grant_type=password&username=alice&password=TOPSECRET").status == 200); // nobody's
    CHECK(m.status("GET", "/v2/", alice()) == 200);
    m.server->stop();
    spdlog::set_level(spdlog::level::info);
    CHECK(log.has("GET \"/token\" 200"));
    CHECK(log.has("GET \"/v2/\" 200"));
    CHECK(log.has(" alice\n"));
    CHECK_FALSE(log.has("TOPSECRET"));
}

TEST_CASE("layerd does not start with an admin API that others could reach and no rule is about") {
    guarded_mirror m("[[access.rule]]\nallow = [\"pull\"]\n");
    m.settings.server.admin_listen = {{"0.0.0.0", 0}};
    auto const refused = proxy::server::start(m.settings);
    REQUIRE(refused.has_error());
    CHECK(refused.error().message.find("no rule says by whom") != std::string::npos);
}

TEST_CASE("rules that change count from the next request on") {
    guarded_mirror m(two_tenants);
    m.start();
    CHECK(m.status("GET", "/v2/local/bob/app/tags/list", bob()) == 404);
    auto wanted = m.settings;
    wanted.access.rules.erase(wanted.access.rules.begin() + 1); // bob's
    m.server->get().reload(wanted);
    CHECK(m.status("GET", "/v2/local/bob/app/tags/list", bob()) == 403);
    m.server->get().reload(m.settings);
    CHECK(m.status("GET", "/v2/local/bob/app/tags/list", bob()) == 404);
}

TEST_CASE("a reload that would open everything, as of a file cut short, changes no rule") {
    captured_log log;
    guarded_mirror m(two_tenants);
    m.start();
    auto wanted = m.settings;
    wanted.access.rules.clear();
    m.server->get().reload(wanted);
    CHECK(m.status("GET", "/v2/local/bob/app/tags/list") == 401);
    CHECK(log.has("everybody could do everything: that takes a restart"));
}

TEST_CASE("rules that may rest on what counts after a restart count then too") {
    captured_log log;
    guarded_mirror m(two_tenants);
    m.start();
    auto wanted = m.settings;
    wanted.upstreams[1].access = proxy::upstream_access::per_client;
    wanted.access.rules.insert(wanted.access.rules.begin(), {}); // everybody may pull: upstream looks who it is
    wanted.access.rules.front().actions = {proxy::action::pull};
    wanted.access.rules.front().allows = true;
    m.server->get().reload(wanted);
    CHECK(m.status("GET", "/v2/ghcr.io/acme/app/manifests/1") == 401);
    CHECK(log.has("access of upstream ghcr.io changed too, and counts after a restart"));
    wanted = m.settings;
    wanted.access.htpasswd_file = m.files.path() / "others";
    wanted.access.rules.erase(wanted.access.rules.begin() + 1); // bob's
    m.server->get().reload(wanted);
    CHECK(m.status("GET", "/v2/local/bob/app/tags/list", bob()) == 404);
}

TEST_CASE("an empty login is none: it is asked for one, and lists nothing") {
    guarded_mirror m(two_tenants);
    m.start();
    for (auto const* target : {"/v2/", "/v2/_catalog", "/v2/local/bob/app/tags/list"}) {
        auto const answer = m.ask("GET", target, "Basic Og=="); // ":"
        CHECK(answer.status == 401);
        CHECK(answer.header("WWW-Authenticate").starts_with("Bearer realm="));
    }
}

TEST_CASE("who may pull and push nothing is given no catalog") {
    guarded_mirror m("[[access.rule]]\nusers = [\"alice\"]\nallow = [\"pull\"]\n");
    m.start();
    CHECK(m.status("GET", "/v2/_catalog", alice()) == 200);
    CHECK(m.status("GET", "/v2/_catalog", bob()) == 403);
    CHECK(m.status("GET", "/v2/", bob()) == 200);
}

TEST_CASE("who listens to what happens hears no more of it than he may") {
    guarded_mirror m(two_tenants);
    m.start();
    http_client c(m.server->admin_port());
    c.send_raw("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + alice() + "\r\n\r\n");
    c.read_raw_until("\"problems\":[");
    auto wanted = m.settings;
    std::erase_if(wanted.access.rules,
                  [](auto const& r) { return r.allows && r.actions.front() == proxy::action::admin; });
    m.server->get().reload(wanted);
    CHECK(c.read_raw_to_end().ends_with("0\r\n\r\n"));
}

TEST_CASE("rules that could not be had at a reload are had at the next one") {
    mirror m;
    m.start();
    auto const key = m.store.path() / "token-key.pem"; // the first rule needs it
    std::ofstream(key) << "no key";
    auto wanted = m.settings;
    wanted.access = guarded_mirror(two_tenants).settings.access;
    m.server->get().reload(wanted);
    CHECK(m.get("/v2/local/bob/app/tags/list").status == 404);
    std::filesystem::remove(key);
    m.server->get().reload(wanted);
    CHECK(m.get("/v2/local/bob/app/tags/list").status == 401);
}

TEST_CASE("rules stay while an admin API that others can reach would be open without them") {
    guarded_mirror m(two_tenants);
    m.settings.server.admin_listen = {{"0.0.0.0", 0}};
    m.start();
    auto wanted = m.settings;
    wanted.server.admin_listen = {{"127.0.0.1", 0}}; // after a restart
    wanted.access.rules.clear();
    m.server->get().reload(wanted);
    CHECK(m.admin_ask("GET", "/api/v1/images").status == 401);
    CHECK(m.status("GET", "/v2/local/bob/app/tags/list") == 401);
}

TEST_CASE("a rule knows clients by their network") {
    guarded_mirror m(R"(
[[access.rule]]
networks = ["127.0.0.2"]
deny = ["pull"]
[[access.rule]]
allow = ["pull"]
)");
    m.put_manifest("library/a", "1", image_manifest({"{}"}));
    m.start();
    CHECK(http_client(m.server->port(), "127.0.0.1").get("/v2/library/a/manifests/1").status == 200);
    auto const refused = http_client(m.server->port(), "127.0.0.2").get("/v2/library/a/manifests/1");
    CHECK(refused.status == 403); // no login tells anybody apart here: none is asked for
    CHECK(refused.header("WWW-Authenticate").empty());
    CHECK(http_client(m.server->port(), "127.0.0.1").get("/v2/").status == 200);
}

TEST_CASE("a rule knows a client by its network also when it has gone by then") {
    guarded_mirror m(R"(
[[access.rule]]
networks = ["127.0.0.0/8"]
deny = ["push"]
[[access.rule]]
allow = ["pull", "push"]
)");
    m.start();
    for (unsigned i = 0; i < 500; ++i) {
        auto const bytes = random_bytes(100, i);
        http_client c(m.server->port());
        c.send_raw("POST " + upload_of(bytes, "local/app") +
                   " HTTP/1.1\r\nHost: layerd.test\r\nContent-Length: 100\r\n\r\n" + bytes);
        c.reset();
    }
    unsigned pushed = 0;
    for (unsigned i = 0; i < 500; ++i)
        pushed += m.status("HEAD", "/v2/local/app/blobs/" + digest_of(random_bytes(100, i))) == 200 ? 1 : 0;
    CHECK(pushed == 0);
}

TEST_CASE("a token shows its bearer nothing that it was not made for, by no road") {
    guarded_mirror m(two_tenants);
    m.start();
    auto const secret = random_bytes(3000, 1);
    CHECK(m.status("POST", upload_of(secret, "local/alice/secret"), alice(), secret) == 201);
    CHECK(m.status("POST", upload_of("x", "local/alice/app"), alice(), "x") == 201);
    auto const token = m.token("?scope=repository:local/alice/app:pull,push", alice());
    CHECK(m.status("GET", "/v2/local/alice/secret/blobs/" + digest_of(secret), token) == 401);
    auto const mount = [&](std::string const& query, std::string const& as) {
        return m.status("POST", "/v2/local/alice/app/blobs/uploads/?mount=" + digest_of(secret) + query, as);
    };
    CHECK(mount("&from=local/alice/secret", token) == 202);
    CHECK(mount("", token) == 202);
    CHECK(m.status("GET", "/v2/local/alice/app/blobs/" + digest_of(secret), token) == 404);
    CHECK(m.ask("GET", "/v2/_catalog", token).body == R"({"repositories":["local/alice/app"]})");
    for (auto const* path : {"/metrics", "/api/v1/images"})
        CHECK(m.admin_ask("GET", path, token).status == 401);
    CHECK(m.admin_ask("POST", "/api/v1/gc", token).status == 401);

    auto const both =
        m.token("?scope=repository:local/alice/app:pull,push&scope=repository:local/alice/secret:pull", alice());
    CHECK(mount("&from=local/alice/secret", both) == 201);
    auto const of_a_login = m.token("?account=alice", alice());
    CHECK(m.ask("GET", "/v2/_catalog", of_a_login).body ==
          R"({"repositories":["local/alice/app","local/alice/secret"]})");
}

TEST_CASE("the user is what statistics know a client by") {
    guarded_mirror m(two_tenants);
    m.settings.stats.clients_by = proxy::client_sorting::user;
    m.start();
    CHECK(m.status("GET", "/v2/local/bob/app/tags/list", bob()) == 404);
    m.server->stop();
    m.start();
    auto const clients = m.admin_ask("GET", "/api/v1/stats/window?by=client", alice()).body;
    CHECK(clients.find("\"bob\"") != std::string::npos);
}

TEST_CASE("where each sees but what upstream shows him, the login stays upstream's business") {
    guarded_mirror m("[[access.rule]]\nnetworks = [\"127.0.0.1\"]\nallow = [\"pull\"]\n");
    m.settings.upstreams[1].access = proxy::upstream_access::per_client;
    auto const manifest = image_manifest({"{}"});
    for (auto const& reference : {std::string("1"), digest_of(manifest)})
        m.origin.on("GET", "/v2/acme/app/manifests/" + reference).call([&](recorded_request const& r) {
            if (r.header("Authorization") != basic_authorization("hers", "secret"))
                return reply(401).header("WWW-Authenticate", "Basic realm=\"x\"");
            return reply(200)
                .header("Docker-Content-Digest", digest_of(manifest))
                .header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
                .body(manifest);
        });
    m.start();
    auto const at = std::string("/v2/ghcr.io/acme/app/manifests/1");
    CHECK(m.ask("GET", at, basic_authorization("hers", "secret")).body == manifest);
    CHECK(m.status("GET", at, basic_authorization("hers", "wrong")) == 401);
    CHECK(http_client(m.server->port(), "127.0.0.2")
              .get(at, {{"Authorization", basic_authorization("hers", "secret")}})
              .status == 403);
}

TEST_CASE("where rules tell tenants apart, a manifest's word does not open what another repository has") {
    guarded_mirror m(R"(
[[access.rule]]
users = ["alice"]
allow = ["pull"]
repositories = ["docker.io/acme/**", "docker.io/alices/**"]
[[access.rule]]
users = ["bob"]
allow = ["pull"]
repositories = ["docker.io/bobs/**"]
[[access.rule]]
users = ["bob"]
allow = ["push"]
repositories = ["local/bob/**"]
)");
    auto const hers = random_bytes(100'000, 1), shared = random_bytes(100'000, 2);
    auto const d = m.put_blob("acme/app", hers), both = m.put_blob("acme/app", shared);
    m.put_blob("bobs/app", shared);
    m.put_manifest("bobs/app", "1", image_manifest({"{}", hers, shared})); // his registry takes his word for it
    m.start();
    REQUIRE(m.ask("GET", "/v2/acme/app/blobs/" + d, alice()).body == hers);
    REQUIRE(m.ask("GET", "/v2/acme/app/blobs/" + both, alice()).body == shared);
    REQUIRE(m.status("GET", "/v2/bobs/app/manifests/1", bob()) == 200);

    m.put_manifest("alices/app", "1", image_manifest({"{}", hers}));
    REQUIRE(m.status("GET", "/v2/alices/app/manifests/1", alice()) == 200);
    CHECK(m.ask("GET", "/v2/alices/app/blobs/" + d, alice()).header("Cache-Status") == "layerd; hit"); // as from acme
    CHECK(m.origin.count("HEAD", "/v2/alices/app/blobs/" + d) == 0);

    auto const stolen = "/v2/bobs/app/blobs/" + d;
    CHECK(m.status("GET", stolen, bob()) == 404);
    CHECK(m.status("HEAD", stolen, bob()) == 404);
    auto const mount = "/v2/local/bob/app/blobs/uploads/?mount=" + d;
    CHECK(m.status("POST", mount + "&from=docker.io/bobs/app", bob()) == 202);
    CHECK(m.status("POST", mount, bob()) == 202);

    CHECK(m.ask("GET", "/v2/bobs/app/blobs/" + both, bob()).body == shared); // upstream says that he has it, once
    CHECK(m.ask("GET", "/v2/bobs/app/blobs/" + both, bob()).header("Cache-Status") == "layerd; hit");
    CHECK(m.origin.count("HEAD", "/v2/bobs/app/blobs/" + both) == 1);
    CHECK(m.origin.count("GET", "/v2/bobs/app/blobs/" + both) == 0);
    CHECK(m.status("POST", "/v2/local/bob/app/blobs/uploads/?mount=" + both + "&from=docker.io/bobs/app", bob()) ==
          201);
}
