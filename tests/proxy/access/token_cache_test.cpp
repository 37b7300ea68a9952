// Tokens that were proved a moment ago: found until they are over, and never too many.
#include "proxy/access/token_cache.h"

#include "tests/catch.h"

#include <string>

using namespace proxy;

namespace {

std::shared_ptr<identity const> user(std::string name) {
    identity id;
    id.user = std::move(name);
    return std::make_shared<identity const>(std::move(id));
}

token_cache::key key(std::size_t n) {
    return token_cache::key_of("token " + std::to_string(n));
}

} // namespace

TEST_CASE("a token is found until it is over") {
    token_cache cache;
    auto const alice = user("alice");
    cache.put(key(1), alice, 1000, 900);
    CHECK(cache.find(key(1), 900) == alice);
    CHECK(cache.find(key(1), 999) == alice);
    CHECK(cache.find(key(1), 1000) == nullptr);
    CHECK(cache.find(key(1), 5000) == nullptr);
    CHECK(cache.find(key(2), 900) == nullptr);
}

TEST_CASE("who names much is proved each time, and takes no room") {
    token_cache cache;
    identity wide;
    wide.user = "alice";
    wide.asked.emplace();
    for (int n = 0; n < 32; ++n)
        wide.asked->items.push_back(*parse_scope("repository:local/" + std::string(100, 'x') + ":pull"));
    cache.put(key(1), std::make_shared<identity const>(wide), 1000, 900);
    CHECK(cache.find(key(1), 900) == nullptr);
    wide.asked->items.erase(wide.asked->items.begin() + 2, wide.asked->items.end());
    cache.put(key(1), std::make_shared<identity const>(wide), 1000, 900);
    CHECK(cache.find(key(1), 900) != nullptr);
}

TEST_CASE("what other keys have proved is forgotten") {
    token_cache cache;
    cache.keep_those_of(1);
    cache.put(key(1), user("alice"), 1000, 900);
    cache.keep_those_of(1);
    CHECK(cache.find(key(1), 900) != nullptr);
    cache.keep_those_of(2);
    CHECK(cache.find(key(1), 900) == nullptr);
    cache.put(key(1), user("alice"), 1000, 900);
    CHECK(cache.find(key(1), 900) != nullptr);
}

TEST_CASE("a token that is over when it comes is not found") {
    token_cache cache;
    cache.put(key(1), user("alice"), 900, 900);
    CHECK(cache.find(key(1), 900) == nullptr);
}

TEST_CASE("a token that is put again is what it was last") {
    token_cache cache;
    cache.put(key(1), user("alice"), 1000, 900);
    auto const bob = user("bob");
    cache.put(key(1), bob, 2000, 900);
    CHECK(cache.find(key(1), 1500) == bob);
}

TEST_CASE("tokens are told apart by all of their bytes") {
    CHECK(token_cache::key_of("a") == token_cache::key_of("a"));
    CHECK(token_cache::key_of("a") != token_cache::key_of("b"));
    CHECK(token_cache::key_of("a") != token_cache::key_of(std::string("a\0", 2)));
    CHECK(token_cache::key_of("") != token_cache::key_of(std::string("\0", 1)));
    CHECK(token_cache::key_of("abc")[0] == 0xba); // SHA-256, FIPS 180-4
    CHECK(token_cache::key_of("abc")[31] == 0xad);
}

TEST_CASE("there are never more tokens than the most") {
    token_cache cache;
    std::size_t const all = 3 * token_cache::max_size + 7;
    auto const someone = user("someone");
    for (std::size_t i = 0; i < all; ++i) {
        cache.put(key(i), someone, 1000, 900);
        CHECK(cache.find(key(i), 900) != nullptr);
    }
    std::size_t found = 0;
    for (std::size_t i = 0; i < all; ++i)
        found += cache.find(key(i), 900) != nullptr;
    CHECK(found <= token_cache::max_size);
    CHECK(found > 0);
}

TEST_CASE("room is made by those that are over first") {
    token_cache cache;
    auto const someone = user("someone");
    for (std::size_t i = 0; i < token_cache::max_size; ++i)
        cache.put(key(i), someone, i % 2 == 0 ? 1000 : 2000, 900);
    auto const next = token_cache::max_size;
    cache.put(key(next), someone, 2000, 1000);
    std::size_t found = 0;
    for (std::size_t i = 0; i <= next; ++i)
        found += cache.find(key(i), 1000) != nullptr;
    CHECK(found == token_cache::max_size / 2 + 1);
}
