// Files of users and passwords: what is read of them, and which passwords they accept.
#include "proxy/access/htpasswd.h"

#include "tests/catch.h"

#include <string>
#include <vector>

using proxy::htpasswd;

namespace {

// As `htpasswd -nbB -C 4` writes them.
std::string const sesame = "$2y$04$KDPlcZhottU/5X4cqH9HiO.dQhYd6oUpQ/penlzSryBRyElOxqePu";  // open sesame
std::string const hunter2 = "$2y$04$q1c02/47LoDdnTz3AQi6uuOx5pgGVhnTvBe6zq0XqONzkH/trWOhK"; // hunter2
std::string const empty = "$2y$04$Bd52XwihdhUtCGiJIBUzF.wAakzS6/f0Q4zBrcm/ouLhaGMh74N42";   // nothing at all
std::string const letters = "$2y$04$abcdefghijklmnopqrstuuBzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe"; // 72 times "a"

std::string line(std::string const& user, std::string const& hash) {
    return user + ":" + hash + "\n";
}

htpasswd users(std::string const& text) {
    auto h = htpasswd::parse(text);
    if (!h)
        FAIL(h.error().message);
    return *h;
}

std::string why_not(std::string const& text) {
    auto const h = htpasswd::parse(text);
    return h ? "" : h.error().message;
}

std::string with_cost(char const* cost) {
    return std::string(sesame).replace(4, 2, cost);
}

} // namespace

TEST_CASE("a user is accepted with his own password and no other") {
    auto const h = users(line("alice", sesame) + line("bob", hunter2));
    CHECK(h.size() == 2);
    CHECK(h.accepts("alice", "open sesame"));
    CHECK(h.accepts("bob", "hunter2"));
    for (auto const* wrong : {"", "open", "open sesame ", "Open sesame", "hunter2", sesame.c_str()}) {
        INFO(wrong);
        CHECK_FALSE(h.accepts("alice", wrong));
    }
}

TEST_CASE("a user that there is not is accepted with no password") {
    auto const h = users(line("alice", sesame));
    for (auto const* user : {"", "bob", "Alice", "alice ", "alic", "alicea"}) {
        INFO(user);
        CHECK_FALSE(h.accepts(user, "open sesame"));
        CHECK_FALSE(h.accepts(user, ""));
    }
}

TEST_CASE("a file without users accepts nobody") {
    for (auto const* text : {"", "\n", "# nobody\n\n", "\r\n"}) {
        auto const h = users(text);
        CHECK(h.size() == 0);
        CHECK_FALSE(h.accepts("alice", "open sesame"));
        CHECK_FALSE(h.accepts("", ""));
    }
}

TEST_CASE("a password is not taken for what it begins with before a NUL") {
    auto const h = users(line("alice", sesame) + line("nothing", empty));
    CHECK_FALSE(h.accepts("alice", std::string("open sesame\0", 12)));
    CHECK_FALSE(h.accepts("alice", std::string("open sesame\0x", 13)));
    CHECK(h.accepts("nothing", ""));
    CHECK_FALSE(h.accepts("nothing", std::string("\0", 1)));
    CHECK_FALSE(h.accepts("nothing", std::string("\0x", 2)));
    CHECK_FALSE(h.accepts("nothing", std::string(100'000, 'a')));
    CHECK_FALSE(h.accepts(std::string("alice\0", 6), "open sesame"));
}

TEST_CASE("passwords of any length are answered") {
    auto const h = users(line("alice", letters));
    CHECK(h.accepts("alice", std::string(72, 'a')));
    CHECK_FALSE(h.accepts("alice", std::string(71, 'a')));
    CHECK_FALSE(h.accepts("alice", std::string(72, 'a').replace(71, 1, "b")));
    CHECK_FALSE(h.accepts("alice", std::string(65 * 1024, 'a')));
}

TEST_CASE("the kinds of bcrypt that name the same hash are all taken") {
    for (char const kind : {'a', 'b', 'y'}) {
        auto hash = sesame;
        hash[2] = kind;
        INFO(hash);
        auto const h = users(line("alice", hash));
        CHECK(h.accepts("alice", "open sesame"));
        CHECK_FALSE(h.accepts("alice", "sesame"));
    }
}

TEST_CASE("comments and empty lines are skipped, and lines may end in CR LF") {
    auto text = std::string("# users\r\n\r\n").append(line("alice", sesame)).append("\r\n\n#bob:x\n");
    auto const h = users(text.append(line("bob", hunter2)));
    CHECK(h.size() == 2);
    CHECK(h.accepts("alice", "open sesame"));
    CHECK(h.accepts("bob", "hunter2"));
}

TEST_CASE("passwords of other kinds than bcrypt are refused with their line") {
    for (std::string const hash :
         {"$apr1$G2nFcQhl$TQF7XVOYNW1.gFi/kkuWF0", "{SHA}EfatjsUqKYSrqv18O1FlA3hcIHI=", "eoomzKmSic5Fo", "x", "",
          "$5$CXewXhzGWustXepe$weLsdixlC8JXtIb9Z6AjafKmtE6TKzJ68dfORK7lfQ8", "$2y$", "$2y$04$short",
          "$2x$04$KDPlcZhottU/5X4cqH9HiO.dQhYd6oUpQ/penlzSryBRyElOxqePu",
          "$2y$0x$KDPlcZhottU/5X4cqH9HiO.dQhYd6oUpQ/penlzSryBRyElOxqePu",
          "$2y$04$KDPlcZhottU/5X4cqH9HiO.dQhYd6oUpQ/penlzSryBRyElOxqePu:a comment",
          "$2y$04$KDPlcZhottU/5X4cqH9HiO.dQhYd6oUpQ penlzSryBRyElOxqePu",
          "$2y$04$KDPlcZhottU/5X4cqH9H\xb4O.dQhYd6oUpQ/penlzSryBRyElOxqePu"}) {
        INFO(hash);
        CHECK(why_not("# users\n" + line("bob", hunter2) + line("alice", hash)) ==
              "line 3 has no bcrypt password: make it with htpasswd -B");
    }
    CHECK(why_not(line("alice", sesame + " ")) == "line 1 has no bcrypt password: make it with htpasswd -B");
}

TEST_CASE("a bcrypt that could hold up the server is refused, and one that costs nothing too") {
    CHECK(why_not(line("alice", with_cost("14"))).empty());
    for (auto const* cost : {"15", "20", "31", "99"})
        CHECK(why_not("\n" + line("alice", with_cost(cost))) ==
              "line 2 has a bcrypt cost above 14: each login would take seconds");
    for (auto const* cost : {"00", "03"})
        CHECK(why_not(line("alice", with_cost(cost))) == "line 1 has no bcrypt password: make it with htpasswd -B");
}

TEST_CASE("two lines of one user are refused with both numbers") {
    CHECK(why_not("#\n" + line("alice", sesame) + line("bob", hunter2) + "\n" + line("alice", hunter2)) ==
          "line 5 names alice, as line 2 does: one of them must go");
    CHECK(why_not(line("alice", sesame) + line("alice", sesame)) ==
          "line 2 names alice, as line 1 does: one of them must go");
    CHECK(why_not(line("alice", sesame) + line("Alice", sesame)).empty());
}

TEST_CASE("passwords that are cheap to try are warned of, with line and user") {
    auto const good = users(line("alice", with_cost("10")) + line("bob", with_cost("14")));
    CHECK(good.warnings().empty());
    auto const poor = users("#\n" + line("alice", with_cost("09")) + line("bob", with_cost("10")) + line("ci", sesame));
    REQUIRE(poor.warnings().size() == 2);
    CHECK(poor.warnings()[0].starts_with("line 2 has the password of alice at bcrypt cost 9, "));
    CHECK(poor.warnings()[1].starts_with("line 4 has the password of ci at bcrypt cost 4, "));
    std::string many;
    for (int i = 0; i < 1000; ++i)
        many += line("user-" + std::to_string(i), sesame);
    CHECK(users(many).warnings().size() == 12);
}

TEST_CASE("an unknown user costs as much as the costliest, whichever line that is on") {
    for (auto const& text : {line("alice", sesame) + line("bob", with_cost("12")) + line("zoe", with_cost("05")),
                             line("alice", with_cost("12")) + line("bob", sesame)})
        CHECK(users(text).cost_of_unknown() == 12);
    CHECK(users("").cost_of_unknown() == 10);
}

TEST_CASE("a line that names no user is refused with its number") {
    std::vector<std::string> const bad{
        line("", sesame), line("alice b", sesame), line(std::string(256, 'a'), sesame), " :x", "alice bob", "\x7f:x",
        "\xc3\xbc:x",
    };
    for (auto const& text : bad) {
        INFO(text);
        CHECK(why_not("#\n" + text + "\n") == "line 2 does not begin with a user's name and a colon");
    }
    CHECK(why_not("alice") == "line 1 has no bcrypt password: make it with htpasswd -B");
    CHECK(why_not(line(std::string(255, 'a'), sesame)).empty());
}

TEST_CASE("a hash that bcrypt cannot have made accepts no password") {
    for (char const wrong : {'!', ':', '*', '$'}) {
        auto hash = sesame;
        hash[10] = wrong; // in the salt
        auto const h = htpasswd::parse(line("alice", hash));
        if (h) {
            CHECK_FALSE(h->accepts("alice", "open sesame"));
            CHECK_FALSE(h->accepts("alice", ""));
        }
    }
}
