// Files that more users of the machine may read or change than should.
#include "proxy/config/loose_files.h"

#include "tests/catch.h"
#include "tests/support/running_server.h"

#include <sys/stat.h>

#include <fstream>

using namespace proxy;
namespace fs = std::filesystem;
using strings = std::vector<std::string>;

namespace {

char const* nothing(char const*) {
    return nullptr;
}

struct open_folder {
    open_folder() { ::chmod(folder.path().c_str(), 0755); } // others may look for files in it
    fs::path put(std::string const& name, ::mode_t mode) const {
        auto const file = folder.path() / name;
        std::ofstream(file) << "x";
        ::chmod(file.c_str(), mode);
        return file;
    }
    strings found() const { return loose_files(settings, nothing); }

    tests::temp_folder folder;
    config settings = default_config();
};

} // namespace

TEST_CASE("a secret that everybody may read or change is named with its key and what closes it") {
    open_folder f;
    auto const file = f.put("secret", 0644);
    struct {
        std::string key;
        fs::path* at;
    } const secrets[] = {
        {"htpasswd_file in [access]", &f.settings.access.htpasswd_file},
        {"password_file in [[upstream]] docker.io", &f.settings.upstreams.at(0).password_file},
        {"url_file in [webhook]", &f.settings.webhook.url_file},
        {"key_file in [[server.certificate]]", &f.settings.server.certificates.emplace_back().key_file},
    };
    for (auto const& s : secrets) {
        INFO(s.key);
        *s.at = file;
        CHECK(f.found() == strings{s.key + ": every user of this machine may read " + file.string() + ": chmod o-rwx " +
                                   file.string()});
        s.at->clear();
    }
    f.settings.access.htpasswd_file = f.put("both", 0666);
    f.settings.webhook.url_file = f.put("written", 0602);
    auto const found = f.found();
    REQUIRE(found.size() == 2);
    CHECK(found[0].find("may read and change ") != std::string::npos);
    CHECK(found[1].find("may change ") != std::string::npos);
}

TEST_CASE("what says whom to believe may be read by everybody, and not changed") {
    open_folder f;
    auto const read = f.put("read", 0644), changed = f.put("changed", 0646);
    f.settings.access.issuers.emplace_back().name = "jobs";
    auto& issuer = f.settings.access.issuers[0];
    f.settings.server.certificates.emplace_back();
    for (auto* at : {&f.settings.access.client_ca_file, &f.settings.upstreams.at(0).ca_file, &issuer.jwks_file,
                     &issuer.ca_file, &f.settings.server.certificates[0].file}) {
        *at = read;
        CHECK(f.found() == strings{});
        *at = changed;
        auto const found = f.found();
        REQUIRE(found.size() == 1);
        CHECK(found[0].ends_with(": every user of this machine may change " + changed.string() + ": chmod o-w " +
                                 changed.string()));
        at->clear();
    }
}

TEST_CASE("a file for its owner and group, in a closed folder, or that is not there is not loose") {
    open_folder f;
    for (::mode_t const mode : {0600, 0640, 0660, 0400}) {
        f.settings.access.htpasswd_file = f.put("users", mode);
        CHECK(f.found() == strings{});
    }
    f.settings.access.htpasswd_file = f.folder.path() / "absent";
    CHECK(f.found() == strings{});
    f.settings.access.htpasswd_file = f.put("loose", 0666);
    CHECK(f.found().size() == 1);
    ::chmod(f.folder.path().c_str(), 0750);
    CHECK(f.found() == strings{});
}

TEST_CASE("a link is as loose as what it leads to") {
    open_folder f;
    tests::temp_folder closed;
    std::ofstream(closed.path() / "users") << "x";
    ::chmod((closed.path() / "users").c_str(), 0644);
    f.settings.access.htpasswd_file = f.folder.path() / "link";
    fs::create_symlink(closed.path() / "users", f.settings.access.htpasswd_file);
    CHECK(f.found() == strings{});
    ::chmod(closed.path().c_str(), 0755);
    CHECK(f.found().size() == 1);
}
