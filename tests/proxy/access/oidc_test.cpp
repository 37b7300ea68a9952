// Jobs of a CI system log in with what that system signed about them.
#include "tests/catch.h"
#include "tests/support/guarded_mirror.h"
#include "tests/support/set_clock.h"
#include "tests/support/token_issuer.h"

using namespace std::chrono_literals;
using namespace tests;

namespace {

struct ci : token_issuer {
    std::string config() const {
        return "[[access.oidc]]\nname = \"github\"\nissuer = \"" + url() + R"("
audience = "layerd"
session = "30m"
[[access.rule]]
issuer = "github"
claims = { repository = "acme/*", ref = ["refs/heads/main", "refs/tags/**"] }
allow = ["pull", "push"]
repositories = ["local/acme/**"]
[[access.rule]]
users = ["github:repo:other/**"]
allow = ["pull"]
repositories = ["local/acme/**"]
)";
    }
};

struct ci_mirror : guarded_mirror {
    explicit ci_mirror(ci const& c) : guarded_mirror(c.config()) {
        seams.now = clock.source();
        seams.ticks = [now = clock.source()] { return proxy::steady_clock::time_point(std::chrono::seconds(now())); };
        start();
    }
    set_clock clock;
};

std::string as_password(std::string const& token) {
    return basic_authorization("github", token);
}

std::string const tags = "/v2/local/acme/app/tags/list"; // 404 for who may see it: nothing was pushed
std::string const uploads = "/v2/local/acme/app/blobs/uploads/";
std::string const scope = "?scope=repository:local/acme/app:pull,push";

} // namespace

TEST_CASE("a job pushes with its token where its claims fit a rule") {
    ci issuer;
    ci_mirror m(issuer);
    for (auto const& shown :
         {as_password(issuer.token()), "Bearer " + issuer.token(), m.token(scope, as_password(issuer.token()))})
        CHECK(m.status("POST", uploads, shown) == 202);
    auto const branch = issuer.token({{"ref", "refs/heads/feature"}});
    CHECK(m.status("POST", uploads, m.token(scope, as_password(branch))) == 403);
    auto const fork = issuer.token({{"repository", "mallory/app"}});
    CHECK(m.status("GET", tags, m.token(scope, as_password(fork))) == 403);
    auto const release = issuer.token({{"ref", "refs/tags/v1/rc"}});
    CHECK(m.status("POST", uploads, m.token(scope, as_password(release))) == 202);
    auto const other = issuer.token({{"sub", "repo:other/x:ref:refs/heads/a"}, {"repository", "other/x"}});
    CHECK(m.status("GET", tags, m.token(scope, as_password(other))) == 404);
    CHECK(m.status("POST", uploads, m.token(scope, as_password(other))) == 403);
    CHECK(issuer.times_asked() == 1);
}

TEST_CASE("a token that is over, forged, or for somebody else opens nothing") {
    ci issuer, stranger;
    ci_mirror m(issuer);
    auto none = issuer.token({}, {{"alg", "none"}});
    auto const cut = none.substr(0, none.rfind('.') + 1);
    auto forged = issuer.token();
    forged[forged.find('.') + 9] ^= 1;
    for (auto const& bad :
         {issuer.token({{"exp", issuer.now - 61}}), issuer.token({{"aud", "another"}}), issuer.token({{"iss", "x"}}),
          issuer.token({{"nbf", issuer.now + 3600}}), issuer.token({{"sub", ""}}), none, cut, forged,
          issuer.token({}, {{"alg", "HS256"}}), issuer.token({}, {{"alg", "EdDSA"}}), issuer.token({}, {{"kid", "9"}}),
          stranger.token(), stranger.token({{"iss", issuer.url()}}), issuer.token({}, {{"crit", {"x"}}})}) {
        INFO(bad);
        CHECK(m.status("GET", tags, as_password(bad)) == 401);
        CHECK(m.status("GET", tags, "Bearer " + bad) == 401);
        CHECK(m.token_answer(scope, as_password(bad)).status == 401);
    }
}

TEST_CASE("a job that takes longer than its token renews its login, but not for ever") {
    ci issuer;
    ci_mirror m(issuer);
    auto const first = m.token_answer(scope + "&offline_token=true", as_password(issuer.token()));
    auto const renewal = member(first.body, "refresh_token");
    REQUIRE_FALSE(renewal.empty());
    CHECK(m.status("GET", tags, "Bearer " + renewal) == 401); // it is for renewal alone
    auto const renew = [&] {
        auto const a =
            m.ask("POST", "/token", {},
                  "grant_type=refresh_token&scope=repository:local/acme/app:pull,push&refresh_token=" + renewal);
        return std::pair(a.status, "Bearer " + member(a.body, "access_token"));
    };
    m.clock.pass(20min);
    CHECK(m.status("GET", tags, as_password(issuer.token())) == 401);
    CHECK(m.status("POST", uploads, renew().second) == 202);
    m.clock.pass(9min);
    auto const last = renew().second;
    CHECK(m.status("POST", uploads, last) == 202);
    m.clock.pass(1min);
    CHECK(renew().first == 401);
    CHECK(m.status("POST", uploads, last) == 401);
}

TEST_CASE("a rule that asks for another claim than was kept makes who is logged in log in again") {
    ci issuer;
    ci_mirror m(issuer);
    auto const token = m.token(scope, as_password(issuer.token()));
    CHECK(m.status("GET", tags, token) == 404);
    auto wanted = m.settings;
    auto denied = wanted.access.rules.front();
    denied.allows = false;
    denied.claims = {{"actor", {*proxy::name_pattern::parse("mallory")}}};
    wanted.access.rules.insert(wanted.access.rules.begin(), denied);
    auto const own = as_password(issuer.token({{"actor", "eve"}}));
    CHECK(m.status("GET", tags, own) == 404);
    m.server->get().reload(wanted);
    CHECK(m.status("GET", tags, token) == 401);
    CHECK(m.status("GET", tags, own) == 404); // an issuer's own token has all of them
    CHECK(m.status("POST", uploads, m.token(scope, as_password(issuer.token({{"actor", "eve"}})))) == 202);
    CHECK(m.status("POST", uploads, m.token(scope, as_password(issuer.token({{"actor", "mallory"}})))) == 403);
}

TEST_CASE("an issuer's new key is fetched when a token names it, and strangers' names of keys cost nothing") {
    ci issuer;
    ci_mirror m(issuer);
    CHECK(m.status("POST", uploads, as_password(issuer.token())) == 202);
    CHECK(m.status("POST", uploads, as_password(issuer.token({}, {{"kid", "7"}}))) == 401);
    CHECK(m.status("POST", uploads, as_password(issuer.token({}, {{"kid", "8"}}))) == 401);
    CHECK(issuer.times_asked() == 1);
}

TEST_CASE("a key that its issuer took back proves nothing after an hour and five minutes") {
    ci issuer;
    ci_mirror m(issuer);
    auto const shown = "Bearer " + issuer.token({{"exp", issuer.now + 24 * 3600}});
    CHECK(m.status("GET", tags, shown) == 404);
    issuer.change_key();
    m.clock.pass(59min);
    CHECK(m.status("GET", tags, shown) == 404); // proved by the keys that are here
    m.clock.pass(6min);
    CHECK(m.status("GET", tags, shown) == 401);
    CHECK(issuer.times_asked() == 2);
}

TEST_CASE("what was signed on an issuer's word is over when the issuer is not configured any more") {
    ci issuer;
    ci_mirror before(issuer);
    auto const token = before.token(scope, as_password(issuer.token()));
    auto const own = before.token(scope, alice());
    REQUIRE(before.status("POST", uploads, token) == 202);
    guarded_mirror after("[[access.rule]]\nusers = [\"github:**\", \"alice\"]\nallow = [\"push\"]\n");
    std::filesystem::copy_file(before.store.path() / "token-key.pem", after.store.path() / "token-key.pem");
    after.seams.now = before.clock.source();
    after.start();
    CHECK(after.status("POST", uploads, own) == 202); // the key is the same
    CHECK(after.status("POST", uploads, token) == 401);
}

TEST_CASE("what was signed on an issuer's word is over when another issuer has its name") {
    ci issuer, next;
    ci_mirror before(issuer), after(next);
    auto const key = [](ci_mirror const& m) { return m.store.path() / "token-key.pem"; };
    auto const token = before.token(scope, as_password(issuer.token()));
    auto const renewal =
        member(before.token_answer(scope + "&offline_token=true", as_password(issuer.token())).body, "refresh_token");
    after.server.reset();
    std::filesystem::copy_file(key(before), key(after), std::filesystem::copy_options::overwrite_existing);
    after.start();
    CHECK(after.status("POST", uploads, before.token(scope, alice())) == 403); // the key is the same
    auto const refused = after.ask("POST", uploads, token);
    CHECK(refused.status == 401);
    CHECK(refused.body.find("of an issuer that is not known here: log in again") != std::string::npos);
    CHECK(after.ask("POST", "/token", {}, "grant_type=refresh_token&refresh_token=" + renewal).status == 401);
    CHECK(after.status("POST", uploads, as_password(next.token())) == 202);
}

TEST_CASE("while an issuer's keys cannot be had, its tokens are refused for now") {
    ci issuer;
    issuer.set_silent(true);
    ci_mirror m(issuer);
    CHECK(m.status("GET", tags, as_password(issuer.token())) == 503);
    CHECK(m.status("GET", "/v2/", alice()) == 200);
}
