// The key of tokens is replaced while the server runs: tokens of the old one end, also those that were proved before,
// and a file that cannot be used leaves no key at all.
#include "proxy/access/token_keeper.h"

#include "tests/proxy/access/signed_tokens.h"
#include "tests/support/captured_log.h"
#include "tests/support/certificate_files.h"
#include "tests/support/eventually.h"
#include "tests/support/guarded_mirror.h"

#include <sys/stat.h>

using namespace proxy;
namespace fs = std::filesystem;

namespace {

void put_key(fs::path const& file, std::string const& text) {
    auto const draft = file.string() + ".draft";
    tests::certificate_files::write(draft, text);
    ::chmod(draft.c_str(), 0600);
    fs::rename(draft, file);
}

std::string new_key() {
    return tests::pem_of(tests::ed25519_key());
}

struct kept_key {
    kept_key() {
        settings.store.path = folder.path();
        keeper = std::make_unique<token_keeper>(settings);
        REQUIRE(keeper->open());
    }
    std::string token() const {
        access_token t;
        t.who.user = "ci";
        t.issued_at = 1000;
        t.expires_at = 2000;
        return *(*keeper->signer())->sign(t);
    }
    bool believes(std::string const& token) const {
        auto const signer = keeper->signer();
        return signer && (*signer)->verify(*unverified_token::parse(token), 1500);
    }

    tests::temp_folder folder;
    config settings = default_config();
    fs::path file = folder.path() / "token-key.pem";
    std::unique_ptr<token_keeper> keeper;
};

} // namespace

TEST_CASE("a key that is replaced is taken over, and tokens of the one before are refused") {
    kept_key k;
    tests::captured_log log;
    auto const old = k.token();
    auto const before = k.keeper->generation();
    k.keeper->look();
    CHECK(k.keeper->generation() == before);
    CHECK(k.believes(old));
    put_key(k.file, new_key());
    k.keeper->look();
    CHECK(k.keeper->generation() != before);
    CHECK_FALSE(k.believes(old));
    CHECK(k.believes(k.token()));
    CHECK(log.count("the token key was replaced") == 1);
}

TEST_CASE("a key that was taken out of the store is made anew") {
    kept_key k;
    auto const old = k.token();
    fs::remove(k.file);
    k.keeper->look();
    CHECK(fs::exists(k.file));
    CHECK_FALSE(k.believes(old));
    auto const now = k.keeper->generation();
    CHECK(k.believes(k.token()));
    k.keeper->look();
    CHECK(k.keeper->generation() == now);
}

TEST_CASE("a key that is the same ends no token, whatever else of its file has changed") {
    kept_key k;
    auto const old = k.token();
    auto const before = k.keeper->generation();
    ::chmod(k.file.c_str(), 0400);
    k.keeper->look();
    CHECK(k.believes(old));
    CHECK(k.keeper->generation() == before);
}

TEST_CASE("a key that cannot be used leaves none, is said once, and can be put right") {
    kept_key k;
    tests::captured_log log;
    auto const old = k.token();
    auto const before = k.keeper->generation();
    ::chmod(k.file.c_str(), 0644);
    for (int time = 0; time < 3; ++time)
        k.keeper->look();
    CHECK(k.keeper->generation() == before + 1);
    auto const none = k.keeper->signer();
    REQUIRE(none.has_error());
    CHECK(none.error().status == 503);
    CHECK(log.count("no token is given or taken until its key can be used: ") == 1);
    CHECK(log.has("chmod 600"));
    put_key(k.file, "no key");
    k.keeper->look();
    CHECK(k.keeper->signer().has_error());
    CHECK(log.has("it is no Ed25519 key"));
    put_key(k.file, new_key());
    k.keeper->look();
    CHECK(k.keeper->generation() == before + 2);
    CHECK_FALSE(k.believes(old));
    CHECK(k.believes(k.token()));
}

TEST_CASE("a key that was open to others for a moment believes its tokens again") {
    kept_key k;
    tests::captured_log log;
    auto const old = k.token();
    ::chmod(k.file.c_str(), 0644);
    k.keeper->look();
    CHECK_FALSE(k.believes(old));
    ::chmod(k.file.c_str(), 0600);
    k.keeper->look();
    CHECK(k.believes(old));
    CHECK(log.count("the token key can be used again") == 1);
}

TEST_CASE("before it is needed no key is made") {
    tests::temp_folder folder;
    auto settings = default_config();
    settings.store.path = folder.path();
    token_keeper keeper(settings);
    keeper.look();
    CHECK(keeper.signer().has_error());
    CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a key that is replaced beneath a server ends the tokens that it was believing, and gives new ones") {
    tests::guarded_mirror m("[[access.rule]]\nusers = [\"alice\", \"ci\"]\nallow = [\"pull\"]\n");
    m.start();
    std::string const tags = "/v2/local/app/tags/list";
    auto const login = [&] { return m.token("?scope=repository:local/app:pull", tests::alice()); };
    auto const machine = "Bearer " + m.issue("ci", {"local/app:pull"}, "1h"), session = login();
    CHECK(m.status("GET", tags, machine) == 404); // there is none: seen by who may
    CHECK(m.status("GET", tags, session) == 404);
    auto const file = m.settings.store.path / "token-key.pem";

    put_key(file, "no key");
    CHECK(tests::eventually([&] { return m.status("GET", tags, machine) == 503; }));
    CHECK(m.status("GET", tags, session) == 503);
    CHECK(m.token_answer("?scope=repository:local/app:pull", tests::alice()).status == 503);
    CHECK(m.status("GET", tags, tests::alice()) == 404); // a password is believed

    put_key(file, new_key());
    CHECK(tests::eventually([&] { return m.status("GET", tags, machine) == 401; }));
    CHECK(m.status("GET", tags, session) == 401);
    CHECK(m.status("GET", tags, login()) == 404);
    CHECK(m.status("GET", tags, "Bearer " + m.issue("ci", {"local/app:pull"}, "1h")) == 404);
}
