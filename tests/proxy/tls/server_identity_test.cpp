#include "proxy/tls/server_identity.h"

#include "proxy/tls/identity_keeper.h"
#include "tests/catch.h"
#include "tests/support/captured_log.h"
#include "tests/support/certificate_files.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <ctime>

using namespace proxy;
using tests::certificate_files;

namespace {

constexpr std::int64_t a_day = 24 * 3600;

std::int64_t now() {
    return std::time(nullptr);
}

} // namespace

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
    CHECK(why({absent, good.key_file}) ==
          "file in [[server.certificate]]: cannot use " + absent.string() + ": No such file or directory");
    CHECK(why({good.file, absent}) ==
          "key_file in [[server.certificate]]: cannot use " + absent.string() + ": No such file or directory");
    CHECK(why({nonsense, good.key_file}) ==
          "file in [[server.certificate]]: cannot use " + nonsense.string() + ": no start line");
    CHECK(why({good.file, nonsense})
              .starts_with("key_file in [[server.certificate]]: cannot use " + nonsense.string() + ": "));
    CHECK(server_identity::load({}).error().message.find("[[server.certificate]]") != std::string::npos);
}

TEST_CASE("a key that belongs to another certificate is said to") {
    certificate_files f;
    auto const mine = f.issue("mine", {"a.example.com"}), other = f.issue("other", {"b.example.com"});
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const made(EVP_RSA_gen(2048), EVP_PKEY_free);
    std::unique_ptr<BIO, decltype(&BIO_free)> const out(BIO_new(BIO_s_mem()), BIO_free);
    REQUIRE(PEM_write_bio_PrivateKey(out.get(), made.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    char* text = nullptr;
    auto const size = BIO_get_mem_data(out.get(), &text);
    auto const rsa = f.folder.path() / "rsa.key";
    certificate_files::write(rsa, {text, static_cast<std::size_t>(size)});
    for (auto const& key : {other.key_file, rsa}) { // of its kind, and of another
        auto const r = server_identity::load({{{mine.file, key}}});
        REQUIRE(!r);
        CHECK(r.error().message == "key_file in [[server.certificate]]: cannot use " + key.string() +
                                       ": it does not belong to " + mine.file.string());
    }
}

TEST_CASE("a pair, and the clients' CA, can be tried alone") {
    certificate_files f;
    auto const good = f.issue("good", {"a.example.com"});
    auto const life = server_identity::try_certificate(good);
    REQUIRE(life);
    CHECK(life->file == good.file);
    CHECK(life->expires > now());
    CHECK(server_identity::try_certificate({good.file, f.folder.path() / "absent"}).has_error());
    CHECK(server_identity::try_client_ca(f.authority.ca_file()));
    auto const none = server_identity::try_client_ca(good.key_file);
    REQUIRE(none.has_error());
    CHECK(none.error().message.starts_with("client_ca_file in [access]: cannot use " + good.key_file.string() + ": "));
}

TEST_CASE("a certificate that has expired is used, and that is said once a day") {
    certificate_files f;
    tests::captured_log log;
    auto const today = now();
    auto keeper = identity_keeper::open({{f.put("old", f.authority.issue_expired({"a.example.com"}))}});
    REQUIRE(keeper);
    (*keeper)->look(today);
    (*keeper)->look(today + a_day - 1);
    CHECK(log.count("old.pem has expired") == 1);
    (*keeper)->look(today + a_day);
    CHECK(log.count("old.pem has expired") == 2);
}

TEST_CASE("a certificate that expires soon is warned of, but not as long as who renews it has time") {
    certificate_files f;
    auto const expiry = [](identity_keeper const& k) { return k.current()->lives().front().expires; };
    auto const warns = [](identity_keeper& k, std::int64_t now) {
        tests::captured_log log;
        k.look(now);
        return log.count("expires at ") == 1;
    };
    auto months = identity_keeper::open({{f.put("a", f.authority.issue_for({"a.example.com"}, 90 * a_day))}});
    auto days = identity_keeper::open({{f.put("b", f.authority.issue_for({"b.example.com"}, 4 * a_day))}}); // of five
    REQUIRE(months);
    REQUIRE(days);
    CHECK_FALSE(warns(**months, expiry(**months) - 15 * a_day));
    CHECK(warns(**months, expiry(**months) - 14 * a_day + 1));
    CHECK_FALSE(warns(**days, expiry(**days) - 2 * a_day));
    CHECK(warns(**days, expiry(**days) - a_day + 1));
    CHECK(expiry(**days) - now() == Approx(4 * a_day).margin(60));
}

TEST_CASE("a certificate that took the place of one that expires is not warned of") {
    certificate_files f;
    tests::captured_log log;
    auto const today = now();
    auto const files = f.put("a", f.authority.issue_expired({"a.example.com"}));
    auto keeper = identity_keeper::open({{files}});
    REQUIRE(keeper);
    (*keeper)->look(today);
    f.put("a", f.authority.issue_for({"a.example.com"}, 90 * a_day));
    (*keeper)->look(today + 1);
    (*keeper)->look(today + a_day);
    CHECK(log.count("expire") == 1);
    f.put("a", f.authority.issue_expired({"a.example.com"}));
    (*keeper)->look(today + a_day + 1);
    CHECK(log.count("expire") == 2);
}

TEST_CASE("certificates that are replaced are taken over, once both files belong together") {
    certificate_files f;
    tests::captured_log log;
    auto const files = f.issue("a", {"one.example.com"});
    auto keeper = identity_keeper::open({{files}});
    REQUIRE(keeper);
    auto const first = (*keeper)->current();
    (*keeper)->look(now());
    CHECK((*keeper)->current() == first);

    auto const renewed = f.authority.issue({"one.example.com"});
    certificate_files::write(files.file, renewed.certificate_pem);
    (*keeper)->look(now());
    (*keeper)->look(now());
    CHECK((*keeper)->current() == first);
    CHECK(log.count("certificates stay as they are") == 1);
    certificate_files::write(files.key_file, renewed.key_pem);
    (*keeper)->look(now());
    CHECK((*keeper)->current() != first);
    CHECK(log.count("certificates were read again") == 1);

    std::filesystem::remove(files.key_file);
    auto const second = (*keeper)->current();
    (*keeper)->look(now());
    CHECK((*keeper)->current() == second);
}
