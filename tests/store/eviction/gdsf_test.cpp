#include "store/eviction/gdsf.h"
#include "tests/store/eviction/cached_objects.h"

using namespace store;
using namespace store::testing;

using gdsf_objects = cached_objects<gdsf>;

TEST_CASE("gdsf: nothing is the victim of an empty policy") {
    gdsf_objects o;
    CHECK_FALSE(o.policy.victim());
}

TEST_CASE("gdsf: of objects used alike, the largest goes first") {
    gdsf_objects o;
    o.admit(0, 100);
    o.admit(1, 10000);
    o.admit(2, 1000);
    CHECK(o.evict_all() == ids{1, 2, 0});
}

TEST_CASE("gdsf: of objects as large, the one used least goes first") {
    gdsf_objects o;
    for (entry_id id : {0, 1, 2})
        o.admit(id, 4096);
    o.policy.touch(0);
    o.policy.touch(0);
    o.policy.touch(2);
    CHECK(o.evict_all() == ids{1, 2, 0});
}

TEST_CASE("gdsf: a large object stays if it is used more often than it is larger") {
    gdsf_objects o;
    o.admit(0, 10000);
    o.admit(1, 1000);
    for (int i = 0; i < 20; ++i)
        o.policy.touch(0);
    CHECK(o.evict() == 1);
}

TEST_CASE("gdsf: what was popular once gives way in the end") {
    gdsf_objects o;
    o.admit(0, 4096);
    for (int i = 0; i < 200; ++i)
        o.policy.touch(0);
    entry_id id = 1;
    while (id < 10000) {
        o.admit(id++, 4096);
        if (o.evict() == 0)
            break;
    }
    CHECK(id > 100);
    CHECK(id < 10000);
}

TEST_CASE("gdsf: inflation that goes on for long does not drown the worth of a use") {
    gdsf_objects o;
    for (entry_id id = 0; id < 300000; ++id) {
        o.admit(id % 100, 256);
        o.evict();
    }
    o.admit(200, 1 << 20);
    o.admit(201, 1 << 20);
    o.policy.touch(200);
    CHECK(o.evict_all() == ids{201, 200});
}

TEST_CASE("gdsf: uses beyond what the counter holds still count as recent") {
    gdsf_objects o;
    o.admit(0, 4096);
    for (int i = 0; i < 1000; ++i)
        o.policy.touch(0);
    CHECK(o.entries[0].hits == 255);
    o.admit(1, 4096);
    CHECK(o.evict_all() == ids{1, 0});
}

TEST_CASE("gdsf: after a restart, what had been used again stays longer") {
    gdsf_objects o;
    o.restore(0, true, 4096);
    o.restore(1, false, 4096);
    CHECK(o.evict_all() == ids{1, 0});
}

TEST_CASE("gdsf: any entry can be removed") {
    gdsf_objects o;
    for (entry_id id = 0; id < 10; ++id)
        o.admit(id, 10 + id);
    for (entry_id id : {9, 0, 5})
        o.remove(id);
    CHECK(o.evict_all() == ids{8, 7, 6, 4, 3, 2, 1});
}

TEST_CASE("gdsf: an object of no bytes has a place") {
    gdsf_objects o;
    o.admit(0, 0);
    o.admit(1, 1000);
    CHECK(o.evict_all() == ids{1, 0});
}

TEST_CASE("gdsf: sparing goes round") {
    gdsf_objects o;
    for (entry_id id = 0; id < 50; ++id)
        o.admit(id, 1 + id * 100);
    CHECK(o.spare_all() == o.present);
    CHECK(o.spare_all() == o.present);
}

TEST_CASE("gdsf: who was spared can be used, removed and evicted") {
    gdsf_objects o;
    for (entry_id id : {0, 1, 2})
        o.admit(id, 4096);
    o.spare_all();
    o.policy.touch(1);
    o.remove(0);
    CHECK(o.evict_all() == ids{2, 1});
}

TEST_CASE("gdsf: the victim is always the least of the values") {
    // The values are the policy's own: what is tested is the heap.
    struct model {
        void admit(entry_id id, std::uint64_t) { in_heap.insert(id); }
        void touch(entry_id) {}
        void remove(entry_id id, bool evicted) {
            in_heap.erase(id);
            spared.erase(id);
            if (evicted)
                in_heap.merge(spared);
        }
        void spare(entry_id id) {
            in_heap.erase(id);
            spared.insert(id);
        }
        bool check(entry_id victim) {
            if (in_heap.empty())
                in_heap.merge(spared);
            return in_heap.contains(victim) && std::all_of(in_heap.begin(), in_heap.end(), [&](entry_id id) {
                       return entries[victim].priority <= entries[id].priority;
                   });
        }
        eviction_entries const& entries;
        std::set<entry_id> in_heap, spared;
    };
    gdsf_objects o;
    model m{.entries = o.entries};
    compare_at_random(o, m, 3);
}

TEST_CASE("gdsf: what is spared twice is spared, and goes in its turn") {
    gdsf_objects o;
    for (entry_id id : {0, 1, 2, 3})
        o.admit(id, 1000 + id);
    for (int twice = 0; twice < 2; ++twice)
        for (entry_id id : {3, 1})
            o.policy.spare(id);
    CHECK(o.evict() == 2);
    CHECK(o.evict_all() == ids{0, 3, 1}); // as if they had been asked for now
}
