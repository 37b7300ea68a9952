// Tokens as clients get them, use them and renew them.
#include "tests/catch.h"
#include "tests/support/guarded_mirror.h"
#include "tests/support/set_clock.h"

using namespace std::chrono_literals;
using std::chrono::seconds;
using namespace tests;

namespace {

constexpr char const* rules = R"(
[[access.rule]]
users = ["alice", "ci"]
allow = ["pull", "push"]
repositories = ["local/**"]
[[access.rule]]
allow = ["pull"]
repositories = ["docker.io/library/**"]
)";

std::string const app_scope = "?service=layerd&scope=repository:local/app:pull,push";
std::string const app_tags = "/v2/local/app/tags/list"; // 404: nothing was pushed; that is for who may see it

struct token_mirror : guarded_mirror {
    token_mirror() : guarded_mirror(rules) { seams.now = clock.source(); }
    set_clock clock;
};

} // namespace

TEST_CASE("a login becomes a token, the token opens what it was asked for, and ends in time") {
    token_mirror m;
    m.start();
    auto const answer = m.token_answer(app_scope, alice());
    CHECK(answer.status == 200);
    CHECK(answer.header("Cache-Control") == "no-store");
    CHECK(member(answer.body, "expires_in") == "300");
    CHECK(member(answer.body, "issued_at") == "2027-01-15T08:00:00Z");
    CHECK(member(answer.body, "access_token") == member(answer.body, "token"));
    CHECK(member(answer.body, "refresh_token").empty());
    auto const token = "Bearer " + member(answer.body, "token");
    CHECK(m.status("GET", "/v2/", token) == 200);
    CHECK(m.status("GET", app_tags, token) == 404);
    m.clock.pass(299s);
    CHECK(m.status("GET", app_tags, token) == 404);
    m.clock.pass(1s);
    auto const over = m.ask("GET", app_tags, token);
    CHECK(over.status == 401);
    CHECK(over.body.find("expired") != std::string::npos);
}

TEST_CASE("a token for one repository does not open another, and the client is told to get one that does") {
    token_mirror m;
    m.start();
    auto const token = m.token(app_scope, alice());
    auto const other = m.ask("GET", "/v2/local/other/tags/list", token);
    CHECK(other.status == 401);
    CHECK(other.headers("WWW-Authenticate")
              .at(0)
              .find("scope=\"repository:local/other:pull\","
                    "error=\"insufficient_scope\"") != std::string::npos);
    auto const pull_only = m.token("?scope=repository:local/app:pull", alice());
    CHECK(m.status("GET", app_tags, pull_only) == 404);
    CHECK(m.status("POST", "/v2/local/app/blobs/uploads/", pull_only) == 401);
    auto const both = m.token("?scope=repository:local/app:pull&scope=repository:local/other:pull", alice());
    CHECK(m.status("GET", app_tags, both) == 404);
    CHECK(m.status("GET", "/v2/local/other/tags/list", both) == 404);
    auto const one_field = m.token("?scope=repository:local/app:pull%20repository:local/other:pull", alice());
    CHECK(m.status("GET", "/v2/local/other/tags/list", one_field) == 404);
}

TEST_CASE("nobody is given a token for nothing, but for what is open to all") {
    token_mirror m;
    m.put_manifest("library/a", "1", image_manifest({"{}"}));
    m.start();
    CHECK(m.token_answer(app_scope).status == 401);
    CHECK(m.token_answer("?scope=repository:local/app:pull").status == 401);
    auto const token = m.token("?scope=repository:library/a:pull");
    CHECK(m.status("GET", "/v2/library/a/manifests/1", token) == 200);
    CHECK(m.status("GET", "/v2/", token) == 200);
    CHECK(m.status("GET", app_tags, token) == 403);
    // Somebody else's login, as dockerd shows it to its mirrors: it is worth nothing, and nothing is needed.
    auto const hub = basic_authorization("somebody", "of docker hub");
    CHECK(m.status("GET", "/v2/library/a/manifests/1", m.token("?scope=repository:library/a:pull", hub)) == 200);
    CHECK(m.admin_ask("GET", "/metrics").body.find("\nlayerd_failed_logins_total 1\n") != std::string::npos);
    CHECK(m.token_answer("?scope=repository:library/a:pull,push", hub).status == 401);
    CHECK(m.token_answer("?account=somebody", hub).status == 401); // `docker login`
}

TEST_CASE("a token is taken by the name that the client uses, whichever form of address it is") {
    token_mirror m;
    auto const manifest = image_manifest({"{}"});
    m.put_manifest("library/a", "1", manifest);
    m.start();
    for (auto const* name : {"library/a", "a"})
        CHECK(m.status("GET", "/v2/" + std::string(name) + "/manifests/1",
                       m.token("?scope=repository:" + std::string(name) + ":pull")) == 200);
    CHECK(m.status("GET", "/v2/docker.io/library/a/manifests/1",
                   m.token("?scope=repository:docker.io/library/a:pull")) == 200);
    CHECK(m.status("GET", "/docker.io/v2/library/a/manifests/1", m.token("?scope=repository:library/a:pull")) == 200);
    CHECK(m.status("GET", "/v2/library/a/manifests/1?ns=docker.io", m.token("?scope=repository:library/a:pull")) ==
          200);
}

TEST_CASE("a token that was issued for a machine is what it was issued for, until it ends") {
    token_mirror m;
    m.clock.pass(std::chrono::seconds(std::time(nullptr) - m.clock.now())); // the command goes by the real one
    m.start();
    auto const token = m.issue("ci", {"local/app:pull", "local/app:push"}, "1h");
    auto const login = basic_authorization("ci", token);
    for (auto const& shown : {"Bearer " + token, login, m.token(app_scope, login)}) {
        CHECK(m.status("GET", app_tags, shown) == 404);
        CHECK(m.status("POST", "/v2/local/app/blobs/uploads/", shown) == 202);
    }
    for (auto const& shown : {"Bearer " + token, login, m.token("?scope=repository:local/other:pull", login)})
        CHECK(m.status("GET", "/v2/local/other/tags/list", shown) == 403);
    CHECK(m.status("GET", "/v2/", basic_authorization("alice", token)) == 401); // another's
    auto const strangers = m.issue("mallory", {"local/app:push"}, "1h");        // no rule is for him
    CHECK(m.status("POST", "/v2/local/app/blobs/uploads/", "Bearer " + strangers) == 403);
    m.clock.pass(3500s); // the command may have looked at its clock some seconds later
    auto const left = std::stol(member(m.token_answer(app_scope, login).body, "expires_in"));
    CHECK(left >= 100);
    CHECK(left < 300);
    m.clock.pass(seconds(left));
    CHECK(m.status("GET", app_tags, "Bearer " + token) == 401);
    CHECK(m.token_answer(app_scope, login).status == 401);
}

TEST_CASE("a token that was given for requests is exchanged for no other, neither longer nor wider") {
    token_mirror m;
    m.start();
    auto const token = m.token("?scope=repository:local/app:pull", alice());
    auto const as_password = basic_authorization("alice", token.substr(7));
    for (auto const& shown : {token, as_password}) {
        CHECK(m.token_answer("?scope=repository:local/other:pull,push", shown).status == 401);
        CHECK(m.token_answer("?scope=repository:local/app:pull", shown).status == 401);
    }
    CHECK(m.status("GET", app_tags, as_password) == 401);
    auto const form = "grant_type=password&username=alice&password=" + token.substr(7);
    CHECK(m.ask("POST", "/token", {}, form).status == 401);
}

TEST_CASE("forms are taken as OAuth2 has them") {
    token_mirror m;
    m.start();
    auto const post = [&](std::string const& form) { return m.ask("POST", "/token", {}, form); };
    auto const granted = post("grant_type=password&service=layerd&client_id=x&username=alice&password=alice%27s"
                              "&scope=repository%3Alocal%2Fapp%3Apull%2Cpush+repository:local/other:pull");
    CHECK(granted.status == 200);
    auto const token = "Bearer " + member(granted.body, "access_token");
    CHECK(m.status("GET", app_tags, token) == 404);
    CHECK(m.status("GET", "/v2/local/other/tags/list", token) == 404);
    CHECK(post("grant_type=password&username=alice&password=x").status == 401);
    CHECK(post("grant_type=password&username=a%3Ab&password=c").status == 401);
    CHECK(post("grant_type=authorization_code&code=x").status == 400);
    CHECK(post("").status == 400);
    CHECK(post("grant_type=refresh_token&refresh_token=x").status == 401);
    CHECK(post("grant_type=refresh_token&refresh_token=" + token.substr(7)).status == 401); // it is no such
    CHECK(post(std::string(100'000, 'a')).status == 413);
    CHECK(m.status("DELETE", "/token") == 405);
}

TEST_CASE("without rules there are no tokens to get") {
    mirror m;
    m.start();
    CHECK(m.get("/token").status == 404);
    CHECK(m.get("/v2/").status == 200);
    CHECK_FALSE(std::filesystem::exists(m.settings.store.path / "token-key.pem"));
}

TEST_CASE("where clients reach layerd by another name, they are sent there for tokens") {
    token_mirror m;
    m.settings.server.public_url = "https://mirror.example.com";
    m.start();
    auto const asked = m.ask("GET", "/v2/");
    CHECK(asked.headers("WWW-Authenticate").at(0) ==
          "Bearer realm=\"https://mirror.example.com/token\",service=\"layerd\"");
    http_client c(m.server->port());
    c.send_raw("GET /v2/ HTTP/1.1\r\nHost: layerd.test\r\nConnection: close\r\n\r\n");
    CHECK(c.read_raw_to_end().find("realm=\"https://mirror.example.com/token\"") != std::string::npos);
}

TEST_CASE("a host that could break out of the challenge is not put into it") {
    token_mirror m;
    m.start();
    http_client c(m.server->port());
    c.send_raw("GET /v2/ HTTP/1.1\r\nHost: a\",error=\"x\r\nConnection: close\r\n\r\n");
    auto const answer = c.read_raw_to_end();
    CHECK(answer.find("401") != std::string::npos);
    CHECK(answer.find("error=\"x") == std::string::npos);
    CHECK(answer.find("WWW-Authenticate: Basic realm=\"layerd\"") != std::string::npos);
}
