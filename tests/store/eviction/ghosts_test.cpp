#include "store/eviction/ghosts.h"
#include "tests/catch.h"

#include <cstdint>

using namespace store;

namespace {

std::uint64_t fingerprint(std::uint64_t n) {
    return (n + 1) * 0x9e3779b97f4a7c15;
}

} // namespace

TEST_CASE("ghosts: what was put in is there once") {
    ghosts g;
    g.insert(fingerprint(1), 10);
    CHECK_FALSE(g.take(fingerprint(2)));
    CHECK(g.take(fingerprint(1)));
    CHECK_FALSE(g.take(fingerprint(1)));
}

TEST_CASE("ghosts: an empty memory knows nothing, and a limit of none keeps nothing") {
    ghosts g;
    CHECK_FALSE(g.take(fingerprint(1)));
    g.insert(fingerprint(1), 0);
    CHECK_FALSE(g.take(fingerprint(1)));
    CHECK(g.memory() == 0);
}

TEST_CASE("ghosts: the last names are remembered, older ones are not") {
    ghosts g;
    for (std::uint64_t n = 0; n < 100; ++n)
        g.insert(fingerprint(n), 10);
    for (std::uint64_t n = 0; n < 90; ++n)
        CHECK_FALSE(g.take(fingerprint(n)));
    for (std::uint64_t n = 90; n < 100; ++n)
        CHECK(g.take(fingerprint(n)));
}

TEST_CASE("ghosts: a smaller limit forgets at once") {
    ghosts g;
    for (std::uint64_t n = 0; n < 100; ++n)
        g.insert(fingerprint(n), 100);
    g.insert(fingerprint(100), 2);
    CHECK_FALSE(g.take(fingerprint(98)));
    CHECK(g.take(fingerprint(99)));
    CHECK(g.take(fingerprint(100)));
}

TEST_CASE("ghosts: a growing limit keeps the names there are") {
    ghosts g;
    for (std::uint64_t n = 0; n < 10000; ++n)
        g.insert(fingerprint(n), n + 1);
    std::uint64_t found = 0;
    for (std::uint64_t n = 0; n < 10000; ++n)
        found += g.take(fingerprint(n));
    CHECK(found > 9000); // a full bucket forgets its oldest
}

TEST_CASE("ghosts: memory is bounded by the limit, not by how many come") {
    ghosts g;
    for (std::uint64_t n = 0; n < 100000; ++n)
        g.insert(fingerprint(n), 1000);
    CHECK(g.memory() <= 1000 * 20);
}

TEST_CASE("ghosts: the same name again is remembered from the later time") {
    ghosts g;
    g.insert(fingerprint(0), 10);
    for (std::uint64_t n = 1; n < 8; ++n)
        g.insert(fingerprint(n), 10);
    g.insert(fingerprint(0), 10);
    for (std::uint64_t n = 8; n < 16; ++n)
        g.insert(fingerprint(n), 10);
    CHECK(g.take(fingerprint(0)));
    CHECK_FALSE(g.take(fingerprint(0)));
}
