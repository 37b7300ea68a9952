// What `check-config` says of the files that a configuration names: what the server would not start with, what it would
// run without, and what nobody can tell from here.
#include "proxy/cli/file_check.h"

#include "tests/catch.h"
#include "tests/proxy/access/signed_tokens.h"
#include "tests/support/certificate_files.h"

#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>

using namespace proxy;
namespace fs = std::filesystem;
using strings = std::vector<std::string>;

namespace {

constexpr char const* users = "ci:$2y$12$.h1SoE7HrzdMkzhoL4vrfuuiZXU/n.MmsGmsbkKtBO2RRXL9U/Bdq\n";

char const* nothing(char const*) {
    return nullptr;
}

struct checked_files {
    checked_files() {
        settings.store.path = files.folder.path() / "store";
        settings.access.rules.emplace_back();
    }
    fs::path put(std::string const& name, std::string const& text) const {
        auto const file = files.folder.path() / name;
        certificate_files::write(file, text);
        ::chmod(file.c_str(), 0600);
        return file;
    }
    fs::path absent() const { return files.folder.path() / "absent"; }
    file_findings check(environment const& variable = nothing) const {
        return check_files(settings, std::time(nullptr), variable);
    }

    using certificate_files = tests::certificate_files;
    certificate_files files;
    config settings = default_config();
};

// Root reads whatever it likes, unless its thread is somebody else to the file system.
class as_nobody {
public:
    as_nobody() : before_(::setfsuid(::geteuid() == 0 ? 65534 : ::geteuid())) {}
    ~as_nobody() { ::setfsuid(static_cast<::uid_t>(before_)); }
    as_nobody(as_nobody const&) = delete;

private:
    int before_;
};

} // namespace

TEST_CASE("files that are all right are not spoken of, and none is made") {
    checked_files f;
    auto const ca = f.put("ca.pem", f.files.authority.issue({"ca.example.com"}).certificate_pem);
    f.settings.server.certificates = {f.files.put("a", f.files.authority.issue_for({"a"}, 90L * 24 * 3600))};
    f.settings.access.htpasswd_file = f.put("users", users);
    f.settings.access.client_ca_file = ca;
    f.settings.upstreams.at(0).ca_file = ca;
    f.settings.upstreams.at(0).password_file = f.put("password", "secret\n");
    f.settings.webhook.url_file = f.put("url", "https://hooks.example.com/x\n");
    auto const found = f.check();
    CHECK(found.errors == strings{});
    CHECK(found.warnings == strings{});
    CHECK(found.notes == strings{});
    CHECK_FALSE(fs::exists(f.settings.store.path));
}

TEST_CASE("every file that the server does not start with is named with its key") {
    checked_files f;
    auto const nonsense = f.put("nonsense", "nothing in PEM");
    auto const good = f.files.issue("good", {"a"}), other = f.files.issue("other", {"b"});
    f.settings.server.certificates = {good, {good.file, other.key_file}, {f.absent(), good.key_file}};
    f.settings.access.htpasswd_file = f.put("users", "bob:{SHA}x\n");
    f.settings.access.client_ca_file = f.settings.access.token_key_file = nonsense;
    f.settings.access.issuers.resize(1);
    f.settings.access.issuers[0].name = "jobs";
    f.settings.access.issuers[0].ca_file = f.settings.upstreams.at(0).ca_file = f.absent();
    f.settings.webhook.url_file = nonsense;
    auto const said = f.check().errors;
    strings const beginnings{
        "key_file in [[server.certificate]]: cannot use " + other.key_file.string() + ": it does not belong to " +
            good.file.string(),
        "file in [[server.certificate]]: cannot use " + f.absent().string() + ": No such file",
        "htpasswd_file in [access]: cannot use " + f.settings.access.htpasswd_file.string() + ": line 1 has no bcrypt",
        "client_ca_file in [access]: cannot use " + nonsense.string() + ": no start line",
        "token_key_file in [access]: cannot use token key " + nonsense.string() + ": it is no Ed25519 key",
        "ca_file in [[access.oidc]] jobs: cannot use CA file " + f.absent().string(),
        "ca_file in [[upstream]] docker.io: cannot use CA file " + f.absent().string(),
        "[webhook] url_file " + nonsense.string() + " holds no URL",
    };
    REQUIRE(said.size() == beginnings.size());
    for (std::size_t i = 0; i < said.size(); ++i) {
        INFO(said[i]);
        CHECK(said[i].starts_with(beginnings[i]));
    }
}

TEST_CASE("what the server runs without is a warning") {
    checked_files f;
    f.settings.server.certificates = {f.files.put("old", f.files.authority.issue_expired({"a"}))};
    f.settings.access.issuers.resize(1);
    f.settings.access.issuers[0].name = "jobs";
    f.settings.access.issuers[0].jwks_file = f.put("jwks", "{}");
    f.settings.upstreams.at(0).password_file = f.absent();
    auto const found = f.check();
    CHECK(found.errors == strings{});
    REQUIRE(found.warnings.size() == 3);
    CHECK(found.warnings[0] == "file in [[server.certificate]]: certificate " +
                                   f.settings.server.certificates[0].file.string() + " has expired: clients refuse it");
    CHECK(found.warnings[1].starts_with("jwks_file in [[access.oidc]] jobs: cannot use "));
    CHECK(found.warnings[2] == "password_file in [[upstream]] docker.io: cannot read " + f.absent().string() +
                                   ": No such file or directory");
}

TEST_CASE("what is open to others, and passwords that cost little, are warnings") {
    checked_files f;
    f.settings.access.htpasswd_file = f.put("users", std::string(users).replace(7, 2, "05"));
    ::chmod(f.settings.access.htpasswd_file.c_str(), 0644);
    ::chmod(f.files.folder.path().c_str(), 0755);
    auto const found = f.check();
    CHECK(found.errors == strings{});
    REQUIRE(found.warnings.size() == 2);
    auto const where = "htpasswd_file in [access]: ";
    CHECK(found.warnings[0].starts_with(where + f.settings.access.htpasswd_file.string() +
                                        ": line 1 has the password of ci at bcrypt cost 5, "));
    CHECK(found.warnings[1].starts_with(where + std::string("every user of this machine may read ")));
}

TEST_CASE("a file that this user may not read is no mistake, and is noted once") {
    checked_files f;
    auto const closed = f.put("closed", "nonsense");
    ::chmod(closed.c_str(), 0);
    auto const pair = f.files.issue("a", {"a"});
    f.settings.server.certificates = {{pair.file, closed}, {pair.file, closed}};
    f.settings.access.htpasswd_file = f.settings.access.token_key_file = f.settings.upstreams.at(0).ca_file = closed;
    ::chmod(f.files.folder.path().c_str(), 0755);
    as_nobody const nobody;
    auto const found = f.check();
    CHECK(found.errors == strings{});
    CHECK(found.warnings == strings{});
    CHECK(found.notes == strings{closed.string() + ": not readable by this user, so not checked"});
}

TEST_CASE("a credential of the service is looked for where the service has it, and else only noted") {
    checked_files f;
    f.settings.access.token_key_file = f.settings.access.htpasswd_file = "a-credential";
    f.settings.upstreams.at(0).password_file = "another";
    auto const outside = f.check();
    CHECK(outside.errors == strings{});
    CHECK(outside.warnings == strings{});
    CHECK(outside.notes == strings{"a-credential: a credential of the service, which only the service has, so not "
                                   "checked",
                                   "another: a credential of the service, which only the service has, so not "
                                   "checked"});
    auto const folder = f.files.folder.path().string();
    auto const inside = f.check(
        [&](char const* name) { return std::string_view(name) == "CREDENTIALS_DIRECTORY" ? folder.c_str() : nullptr; });
    CHECK(inside.notes == strings{});
    CHECK(inside.errors.size() == 2);
    CHECK(inside.warnings.size() == 1);
}

TEST_CASE("the key of tokens in the store is checked if there is one and rules need it") {
    checked_files f;
    fs::create_directory(f.settings.store.path);
    auto const key = f.settings.store.path / "token-key.pem";
    CHECK(f.check().errors == strings{});
    CHECK_FALSE(fs::exists(key));
    tests::certificate_files::write(key, tests::pem_of(tests::ed25519_key()));
    ::chmod(key.c_str(), 0644);
    auto const found = f.check();
    REQUIRE(found.errors.size() == 1);
    CHECK(found.errors[0].ends_with("others than its owner and group may read or change it: chmod 600"));
    f.settings.access.rules.clear();
    CHECK(f.check().errors == strings{});
}
