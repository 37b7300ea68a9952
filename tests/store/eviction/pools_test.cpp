#include "store/eviction/pools.h"
#include "tests/catch.h"

#include <map>
#include <random>
#include <set>

using namespace store;

namespace {

constexpr std::uint64_t capacity = 1000;
constexpr pool every_pool[] = {pool::small, pool::build_cache, pool::layers};

struct pooled_objects {
    entry_id admit(pool p, std::uint64_t bytes) {
        auto const id = static_cast<entry_id>(entries.size());
        entries.push_back({.bytes = bytes});
        pools.admit(id, p, id);
        return id;
    }
    void admit(pool p, std::uint64_t bytes, int times) {
        while (times-- > 0)
            admit(p, bytes);
    }
    pool evict() {
        auto const id = pools.victim();
        REQUIRE(id);
        auto const p = static_cast<pool>(entries[*id].pool);
        pools.remove(*id, *id, true);
        return p;
    }
    std::uint64_t count() const {
        std::uint64_t n = 0;
        for (auto const p : every_pool)
            n += pools.count(p);
        return n;
    }
    std::set<entry_id> spare_all() {
        std::set<entry_id> seen;
        for (auto n = count(); n > 0; --n) {
            auto const id = pools.victim();
            REQUIRE(id);
            seen.insert(*id);
            pools.spare(*id);
        }
        return seen;
    }

    eviction_entries entries;
    eviction_pools pools{entries, capacity};
};

} // namespace

TEST_CASE("pools: up to 1 MiB an object is small, whatever it is") {
    for (auto const k : {object_kind::unknown, object_kind::manifest, object_kind::config, object_kind::layer,
                         object_kind::cache_blob})
        CHECK(pool_of(k, 1 << 20) == pool::small);
}

TEST_CASE("pools: beyond 1 MiB, build-cache blobs are kept apart") {
    constexpr std::uint64_t size = (1 << 20) + 1;
    CHECK(pool_of(object_kind::cache_blob, size) == pool::build_cache);
    for (auto const k : {object_kind::unknown, object_kind::manifest, object_kind::config, object_kind::layer})
        CHECK(pool_of(k, size) == pool::layers);
}

TEST_CASE("pools: each has a name") {
    CHECK(to_string(pool::small) == "small");
    CHECK(to_string(pool::build_cache) == "build_cache");
    CHECK(to_string(pool::layers) == "layers");
}

TEST_CASE("pools: nothing is the victim of empty pools") {
    pooled_objects o;
    CHECK_FALSE(o.pools.victim());
}

TEST_CASE("pools: the victim comes from the pool furthest above its share") {
    pooled_objects o;
    o.admit(pool::small, 10, 6);        // 60 of 50
    o.admit(pool::build_cache, 10, 13); // 130 of 100
    o.admit(pool::layers, 10, 86);      // 860 of 850
    CHECK(o.evict() == pool::build_cache);
    CHECK(o.evict() == pool::small); // 1.2 and 1.2: the first
    CHECK(o.evict() == pool::build_cache);
    CHECK(o.evict() == pool::build_cache);
}

TEST_CASE("pools: a pool uses what others leave free, and gives it back") {
    pooled_objects o;
    o.admit(pool::build_cache, 10, 100); // all of it
    CHECK(o.pools.bytes() == capacity);
    for (int i = 0; i < 200; ++i) {
        o.admit(pool::layers, 10);
        o.evict();
    }
    CHECK(o.pools.bytes() == capacity);
    CHECK(o.pools.bytes(pool::build_cache) <= 110);
    CHECK(o.pools.bytes(pool::build_cache) >= 90);
}

TEST_CASE("pools: below every share, the one nearest to it gives") {
    pooled_objects o;
    o.admit(pool::small, 10);
    o.admit(pool::layers, 10, 80);
    CHECK(o.evict() == pool::layers);
}

TEST_CASE("pools: all of them can be emptied") {
    pooled_objects o;
    for (auto const p : every_pool)
        o.admit(p, 10, 10);
    for (int i = 0; i < 30; ++i)
        o.evict();
    CHECK_FALSE(o.pools.victim());
    CHECK(o.pools.bytes() == 0);
}

TEST_CASE("pools: shares follow the capacity") {
    pooled_objects o;
    o.admit(pool::small, 10, 4);   // 40 of 50
    o.admit(pool::layers, 10, 86); // 860 of 850
    CHECK(o.evict() == pool::layers);
    o.pools.set_capacity(0);
    CHECK(o.pools.victim());
    CHECK(o.pools.bytes() == 890);
}

TEST_CASE("pools: a pool of which nothing may go leaves the word to the next") {
    pooled_objects o;
    o.admit(pool::layers, 10, 100);
    auto const other = o.admit(pool::small, 1);
    for (int i = 0; i < 100; ++i) {
        auto const id = o.pools.victim();
        REQUIRE(id);
        CHECK(*id != other);
        o.pools.spare(*id);
    }
    CHECK(o.pools.victim() == other);
}

TEST_CASE("pools: sparing goes round through all of them") {
    pooled_objects o;
    for (auto const p : every_pool)
        for (std::uint64_t bytes = 1; bytes < 40; ++bytes)
            o.admit(p, bytes);
    std::set<entry_id> all;
    for (entry_id id = 0; id < o.entries.size(); ++id)
        all.insert(id);
    CHECK(o.spare_all() == all);
    CHECK(o.spare_all() == all);
}

TEST_CASE("pools: an entry that comes back from before a restart is in its pool") {
    pooled_objects o;
    o.entries.resize(2, {.bytes = 10});
    o.pools.restore(0, pool::layers, false);
    o.pools.restore(1, pool::small, true);
    CHECK(o.pools.bytes(pool::layers) == 10);
    CHECK(o.pools.count(pool::small) == 1);
    o.pools.touch(0);
    CHECK(o.evict() == pool::small); // 10 of 50, and 10 of 850
}

TEST_CASE("pools: bytes and counts are right whatever happens, also when the table moves") {
    pooled_objects o;
    std::map<entry_id, pool> model;
    std::minstd_rand random(4);
    for (int i = 0; i < 20000; ++i) {
        auto const what = random() % 8;
        if (what < 3 || model.empty()) {
            auto const p = every_pool[random() % 3];
            model[o.admit(p, 1 + random() % 50)] = p; // the table grows with each
            continue;
        }
        auto at = model.lower_bound(static_cast<entry_id>(random() % o.entries.size()));
        auto const id = at == model.end() ? model.begin()->first : at->first;
        if (what == 3) {
            o.pools.touch(id);
        } else if (what == 4) {
            o.pools.remove(id, id, false);
            model.erase(id);
        } else {
            auto const victim = o.pools.victim();
            REQUIRE(victim);
            REQUIRE(model.contains(*victim));
            if (what == 5) {
                o.pools.spare(*victim);
                continue;
            }
            o.pools.remove(*victim, *victim, true);
            model.erase(*victim);
        }
    }
    for (auto const p : every_pool) {
        std::uint64_t bytes = 0, count = 0;
        for (auto const& [id, in] : model)
            if (in == p)
                bytes += o.entries[id].bytes, ++count;
        CHECK(o.pools.bytes(p) == bytes);
        CHECK(o.pools.count(p) == count);
    }
    for (auto left = model.size(); left > 0; --left)
        o.evict();
    CHECK_FALSE(o.pools.victim());
}
