#include "store/epoch.h"
#include "tests/catch.h"

using namespace store;

TEST_CASE("a new store begins with epoch one and suspects nothing") {
    auto const r = next_epoch(std::nullopt, "boot");
    CHECK(r.current == 1);
    CHECK_FALSE(is_suspect(r, 0));
    CHECK_FALSE(is_suspect(r, 1));
}

TEST_CASE("opened again in the same boot, the epoch goes on") {
    auto const r = next_epoch(std::nullopt, "boot");
    CHECK(next_epoch(r, "boot") == r);
}

TEST_CASE("after a restart of the machine the epoch that nobody ended is suspect") {
    auto const before = next_epoch(std::nullopt, "boot");
    auto const r = next_epoch(before, "another boot");
    CHECK(r.current == 2);
    CHECK(is_suspect(r, 1));
    CHECK_FALSE(is_suspect(r, 2));
    CHECK_FALSE(is_suspect(r, 0));
}

TEST_CASE("what was synced before the restart stays trusted") {
    auto before = next_epoch(std::nullopt, "boot");
    before.current = 2; // ended by a clean stop
    auto const r = next_epoch(before, "another boot");
    CHECK_FALSE(is_suspect(r, 1));
}

TEST_CASE("suspects of an earlier crash stay suspect after the next one") {
    auto r = next_epoch(std::nullopt, "1");
    r = next_epoch(r, "2");
    r = next_epoch(r, "3");
    CHECK(is_suspect(r, 1));
    CHECK(is_suspect(r, 2));
    CHECK_FALSE(is_suspect(r, r.current));
}

TEST_CASE("a boot that cannot be told from another counts as another") {
    auto const r = next_epoch(next_epoch(std::nullopt, ""), "");
    CHECK(is_suspect(r, 1));
}
