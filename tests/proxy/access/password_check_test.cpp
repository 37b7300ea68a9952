// Passwords are checked beside the event loop, and remembered for a short while.
#include "proxy/access/password_check.h"
#include "tests/catch.h"
#include "tests/support/captured_log.h"
#include "tests/support/certificate_files.h"
#include "tests/support/run_io.h"

using namespace proxy;
using tests::run_io;
using tests::run_io_all;

namespace {

// htpasswd -nbB -C 4 ci first; … ci second; … -C 8 ci slow
constexpr char const* first = "ci:$2y$04$.h1SoE7HrzdMkzhoL4vrfuuiZXU/n.MmsGmsbkKtBO2RRXL9U/Bdq\n";
constexpr char const* second = "ci:$2y$04$jVpWLNBi0MNeFzPuIevEr.mGdx7hKue840rLLWyKEspGEgU2ZUPY.\n";
constexpr char const* slow = "ci:$2y$08$20ayiFRjXDsas2H27hNr4uD1dMNn4Y9ae.CQLRCzMlJu17RRgCm1C\n";

struct checked {
    explicit checked(char const* users) {
        tests::certificate_files::write(file, users);
        passwords = *password_check::open(file, 1, [this] {
            return steady_clock::time_point(std::chrono::hours(1000)) + seconds(seconds_passed.load());
        });
    }
    task<result<password_verdict>> check(std::string password, std::string client = "10.0.0.1") {
        return passwords->check(w, "ci", secret(std::move(password)), std::move(client));
    }
    bool is_right(std::string const& password) {
        auto const verdict = run_io(w, [&] { return check(password); });
        REQUIRE(verdict);
        return *verdict == password_verdict::right;
    }

    tests::temp_folder folder;
    std::filesystem::path file = folder.path() / "users";
    worker w{0};
    std::atomic<std::int64_t> seconds_passed{0};
    std::unique_ptr<password_check> passwords;
};

} // namespace

TEST_CASE("a password is right or wrong, the first time and from memory") {
    checked c(first);
    for (int time = 0; time < 2; ++time) {
        CHECK(c.is_right("first"));
        CHECK_FALSE(c.is_right("second"));
        CHECK_FALSE(c.is_right(""));
    }
}

TEST_CASE("a right password is remembered for minutes, a wrong one for seconds, and then hashed anew") {
    checked c(first);
    auto const hashed_by = [&](std::string const& password, bool is_right, int passed) {
        auto const before = c.passwords->hashed();
        c.seconds_passed += passed;
        CHECK(c.is_right(password) == is_right);
        return c.passwords->hashed() - before;
    };
    CHECK(hashed_by("first", true, 0) == 1);
    CHECK(hashed_by("first", true, 299) == 0);
    CHECK(hashed_by("first", true, 1) == 1);
    CHECK(hashed_by("wrong", false, 0) == 1);
    CHECK(hashed_by("wrong", false, 4) == 0);
    CHECK(hashed_by("wrong", false, 1) == 1);
    CHECK(hashed_by("first", true, 0) == 0);
}

TEST_CASE("of verdicts so many are remembered, the right ones longest", "[long]") {
    checked c(first);
    CHECK(c.is_right("first"));
    auto const users = password_check::max_verdicts + 10; // who are not in the file: nothing to hash for them
    for (std::size_t i = 0; i < users; ++i)
        (void)run_io(c.w, [&] { return c.passwords->check(c.w, std::to_string(i), secret("x"), "10.0.0.1"); });
    auto const before = c.passwords->hashed();
    CHECK(c.is_right("first"));
    CHECK(c.passwords->hashed() == before);
}

TEST_CASE("what was remembered of one user is not believed of another whose name holds the rest") {
    checked c("ci:$2y$04$VuCW5WWJOTiLxx7ekIYzh.KeH4METeVi41gPcmgvUE/wBlIX8Hztu\n");
    auto const is_right = [&](std::string user, std::string password) {
        return *run_io(c.w, [&] { return c.passwords->check(c.w, user, secret(password), "10.0.0.1"); }) ==
               password_verdict::right;
    };
    CHECK(is_right("ci", "a:b"));
    CHECK_FALSE(is_right("ci:a", "b"));
    CHECK_FALSE(is_right("c", "i:a:b"));
}

TEST_CASE("users that change are read again, and what was remembered of the old is forgotten") {
    checked c(first);
    tests::captured_log log;
    CHECK(c.is_right("first"));
    tests::certificate_files::write(c.file, second);
    c.passwords->look();
    CHECK_FALSE(c.is_right("first"));
    CHECK(c.is_right("second"));
    tests::certificate_files::write(c.file, "ci:{SHA}x\n");
    c.passwords->look();
    c.passwords->look();
    CHECK(c.is_right("second"));
    CHECK(log.count("users stay as they are") == 1);
    std::filesystem::remove(c.file);
    c.passwords->look();
    CHECK(c.is_right("second"));
}

TEST_CASE("the same login from many requests is checked once, and who tries many is told to wait") {
    checked c(slow);
    auto const same = run_io_all(c.w, 50, [&](std::size_t) { return c.check("slow"); });
    for (auto const& r : same)
        CHECK((r && *r == password_verdict::right));
    CHECK(c.passwords->hashed() == 1);
    auto const tried = run_io_all(c.w, 40, [&](std::size_t i) { return c.check("guess " + std::to_string(i)); });
    std::size_t refused = 0;
    for (auto const& r : tried)
        refused += r.has_error() && r.error().status == 503 ? 1 : 0;
    CHECK(refused == 40 - password_check::max_waiting_per_client);
    auto const others = run_io_all(c.w, 4, [&](std::size_t i) {
        return c.check("guess " + std::to_string(i + 100), "10.0.0." + std::to_string(i + 2));
    });
    for (auto const& r : others)
        CHECK((r && *r == password_verdict::wrong));
}

TEST_CASE("of all clients together so many logins wait") {
    checked c(slow);
    constexpr std::size_t clients = 200;
    auto const tried = run_io_all(c.w, clients, [&](std::size_t i) {
        return c.check("guess " + std::to_string(i), "10.0.0." + std::to_string(i));
    });
    std::size_t refused = 0;
    for (auto const& r : tried) {
        refused += r.has_error() ? 1 : 0;
        if (r.has_error()) {
            CHECK(r.error().status == 503);
            CHECK(r.error().over == limit::logins);
        }
    }
    CHECK(c.passwords->hashed() == clients - refused);
    CHECK(refused <= clients - password_check::max_waiting);
    CHECK(refused > clients / 2); // one thread hashes meanwhile, a few of them at most
}
