#include "store/eviction/lru.h"
#include "tests/store/eviction/cached_objects.h"

#include <list>

using namespace store;
using namespace store::testing;

using lru_objects = cached_objects<lru>;

TEST_CASE("lru: nothing is the victim of an empty policy") {
    lru_objects o;
    CHECK_FALSE(o.policy.victim());
}

TEST_CASE("lru: what was used longest ago goes first") {
    lru_objects o;
    for (entry_id id : {0, 1, 2, 3})
        o.admit(id);
    o.policy.touch(0);
    o.policy.touch(2);
    CHECK(o.evict_all() == ids{1, 3, 0, 2});
}

TEST_CASE("lru: the victim stays the victim until it leaves") {
    lru_objects o;
    o.admit(0);
    o.admit(1);
    CHECK(o.policy.victim() == entry_id{0});
    CHECK(o.policy.victim() == entry_id{0});
}

TEST_CASE("lru: the order of last use survives a restart") {
    lru_objects o;
    for (entry_id id : {2, 0, 1})
        o.restore(id, id == 0);
    CHECK(o.evict_all() == ids{2, 0, 1});
}

TEST_CASE("lru: the oldest, the newest, one between and the only one can be removed") {
    lru_objects o;
    for (entry_id id : {0, 1, 2, 3, 4})
        o.admit(id);
    o.remove(0);
    o.remove(4);
    o.remove(2);
    CHECK(o.evict_all() == ids{1, 3});
    o.admit(7);
    o.remove(7);
    CHECK_FALSE(o.policy.victim());
}

TEST_CASE("lru: sparing goes round") {
    lru_objects o;
    for (entry_id id = 0; id < 50; ++id)
        o.admit(id);
    CHECK(o.spare_all() == o.present);
    CHECK(o.spare_all() == o.present);
}

TEST_CASE("lru: does as a list does") {
    struct model {
        void admit(entry_id id, std::uint64_t) { order.push_back(id); }
        void touch(entry_id id) { order.remove(id), order.push_back(id); }
        void remove(entry_id id, bool) { order.remove(id); }
        void spare(entry_id id) { touch(id); }
        bool check(entry_id victim) const { return order.front() == victim; }
        std::list<entry_id> order;
    } m;
    lru_objects o;
    compare_at_random(o, m, 1);
    CHECK(o.evict_all() == ids(m.order.begin(), m.order.end()));
}

TEST_CASE("entries: a queue counts what is in it") {
    eviction_entries entries(3);
    entry_list q;
    for (entry_id id : {0, 1, 2}) {
        entries[id].bytes = 10u + id;
        q.push(entries, id);
    }
    CHECK(q.count() == 3);
    CHECK(q.bytes() == 33);
    q.erase(entries, 1);
    CHECK(q.count() == 2);
    CHECK(q.bytes() == 22);
    q.erase(entries, 0);
    q.erase(entries, 2);
    CHECK(q.empty());
    CHECK(q.bytes() == 0);
}
