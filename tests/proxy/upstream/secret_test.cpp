#include "proxy/secret.h"
#include "tests/catch.h"

#include <array>
#include <new>

using proxy::secret;

namespace {

std::string const password = "my password"; // short: it lies in the object itself

// Memory in which a secret is made, and can still be looked at when it has gone.
struct place {
    alignas(secret) std::array<char, sizeof(secret)> bytes{};

    secret& make(secret&& s) { return *new (bytes.data()) secret(std::move(s)); }
    bool holds(std::string_view text) const {
        return std::string_view(bytes.data(), bytes.size()).find(text) != std::string_view::npos;
    }
};

} // namespace

TEST_CASE("a string is wiped to the end of what it has ever held") {
    std::string text(100, 'x');
    auto const* const memory = text.data();
    text.clear();
    proxy::wipe(text);
    CHECK(text.empty());
    REQUIRE(text.data() == memory);
    CHECK(std::string_view(memory, 100).find('x') == std::string_view::npos);
}

TEST_CASE("nothing of a secret is left where it was") {
    place here;
    auto& s = here.make(secret(password));
    REQUIRE(s == password);
    REQUIRE(here.holds(password));
    SECTION("when it goes") {
        s.~secret();
        CHECK_FALSE(here.holds("password"));
    }
    SECTION("when it is moved") {
        secret const elsewhere(std::move(s));
        CHECK(elsewhere == password);
        CHECK_FALSE(here.holds("password"));
        s.~secret();
    }
    SECTION("when another takes its place") {
        s = secret("x");
        CHECK(s == "x");
        CHECK_FALSE(here.holds("password"));
        s.~secret();
    }
}

TEST_CASE("a secret can be copied, and the copy is its own") {
    secret const one(password);
    secret two(one);
    two = secret("another");
    CHECK(one == password);
    CHECK(two == "another");
}
