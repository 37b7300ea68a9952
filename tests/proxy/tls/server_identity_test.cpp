#include "proxy/tls/server_identity.h"

#include "proxy/tls/identity_keeper.h"
#include "tests/catch.h"
#include "tests/support/captured_log.h"
#include "tests/support/certificate_files.h"

using namespace proxy;
using tests::certificate_files;

TEST_CASE("of several certificates a client gets the one for the host that it names, else the first") {
    certificate_files f;
    auto const identity = server_identity::load(
        {{f.issue("a", {"mirror.example.com"}), f.issue("b", {"cache.example.org", "*.ci.example.org"})}});
    REQUIRE(identity);
    auto const& i = **identity;
    CHECK(i.index_for("mirror.example.com") == 0);
    CHECK(i.index_for("CACHE.example.org") == 1);
    CHECK(i.index_for("one.ci.example.org") == 1);
    CHECK(i.index_for("two.one.ci.example.org") == 0);
    CHECK(i.index_for("nobody.example.net") == 0);
    CHECK(i.index_for("") == 0);
}

TEST_CASE("a certificate that cannot be used is refused with the file and the reason") {
    certificate_files f;
    auto const good = f.issue("good", {"a.example.com"});
    auto const other = f.issue("other", {"b.example.com"});
    certificate_files::write(f.folder.path() / "nonsense", "nothing in PEM");
    auto const nonsense = f.folder.path() / "nonsense", absent = f.folder.path() / "absent";
    auto const why = [](certificate_config const& c) {
        auto const r = server_identity::load({{c}});
        REQUIRE(!r);
        return r.error().message;
    };
    CHECK(why({absent, good.key_file}) == "cannot use certificate " + absent.string() + ": No such file or directory");
    CHECK(why({good.file, absent}) == "cannot use key " + absent.string() + ": No such file or directory");
    CHECK(why({nonsense, good.key_file}) == "cannot use certificate " + nonsense.string() + ": no start line");
    CHECK(why({good.file, nonsense}).starts_with("cannot use key " + nonsense.string() + ": "));
    CHECK(why({good.file, other.key_file}).starts_with("cannot use key " + other.key_file.string() + ": "));
    CHECK(server_identity::load({}).has_error());
}

TEST_CASE("a certificate that has expired is used, and that is said") {
    certificate_files f;
    tests::captured_log log;
    CHECK(server_identity::load({{f.put("old", f.authority.issue_expired({"a.example.com"}))}}));
    CHECK(log.has("old.pem has expired"));
}

TEST_CASE("certificates that are replaced are taken over, once both files belong together") {
    certificate_files f;
    tests::captured_log log;
    auto const files = f.issue("a", {"one.example.com"});
    auto keeper = identity_keeper::open({{files}});
    REQUIRE(keeper);
    auto const first = (*keeper)->current();
    (*keeper)->look();
    CHECK((*keeper)->current() == first);

    auto const renewed = f.authority.issue({"one.example.com"});
    certificate_files::write(files.file, renewed.certificate_pem);
    (*keeper)->look();
    (*keeper)->look();
    CHECK((*keeper)->current() == first);
    CHECK(log.count("certificates stay as they are") == 1);
    certificate_files::write(files.key_file, renewed.key_pem);
    (*keeper)->look();
    CHECK((*keeper)->current() != first);
    CHECK(log.count("certificates were read again") == 1);

    std::filesystem::remove(files.key_file);
    auto const second = (*keeper)->current();
    (*keeper)->look();
    CHECK((*keeper)->current() == second);
}
