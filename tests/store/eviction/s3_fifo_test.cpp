#include "store/eviction/s3_fifo.h"
#include "tests/store/eviction/cached_objects.h"

#include <list>

using namespace store;
using namespace store::testing;

using s3_objects = cached_objects<s3_fifo>;

namespace {

// 0 to n - 1 in the main queue.
void fill_main(s3_objects& o, entry_id n) {
    for (entry_id id = 0; id < n; ++id)
        o.restore(id, true);
}

} // namespace

TEST_CASE("s3-fifo: nothing is the victim of an empty policy") {
    s3_objects o;
    CHECK_FALSE(o.policy.victim());
}

TEST_CASE("s3-fifo: what nobody asks for again goes in the order of its coming") {
    s3_objects o;
    for (entry_id id : {3, 1, 2})
        o.admit(id);
    CHECK(o.evict_all() == ids{3, 1, 2});
}

TEST_CASE("s3-fifo: a scan leaves alone what was used") {
    s3_objects o;
    for (entry_id id = 0; id < 70; ++id) {
        o.admit(id);
        o.policy.touch(id);
    }
    for (entry_id id = 100; id < 1100; ++id) {
        o.admit(id);
        if (o.present.size() > 100)
            CHECK(o.evict() >= 100);
    }
}

TEST_CASE("s3-fifo: one use is enough to leave probation") {
    s3_objects o;
    for (entry_id id = 0; id < 4; ++id)
        o.admit(id);
    o.policy.touch(1);
    CHECK(o.evict_all() == ids{0, 2, 3, 1});
}

TEST_CASE("s3-fifo: where two uses are asked for, one is not enough") {
    s3_objects o(s3_fifo_options{.promoted_by = 2});
    for (entry_id id = 0; id < 4; ++id)
        o.admit(id);
    o.policy.touch(0);
    o.policy.touch(1);
    o.policy.touch(1);
    CHECK(o.evict_all() == ids{0, 2, 3, 1});
}

TEST_CASE("s3-fifo: within its share, probation is left alone") {
    s3_objects o; // a quarter
    fill_main(o, 9);
    for (entry_id id : {10, 11, 12})
        o.admit(id);
    CHECK(o.evict() == 0);
}

TEST_CASE("s3-fifo: the share of probation counts bytes, not objects") {
    s3_objects o;
    fill_main(o, 9);
    o.admit(10, 4);
    CHECK(o.evict() == 10);
}

TEST_CASE("s3-fifo: a use in the main queue gives another round") {
    s3_objects o;
    fill_main(o, 3);
    o.policy.touch(0);
    CHECK(o.evict_all() == ids{1, 2, 0});
}

TEST_CASE("s3-fifo: three rounds are the most that uses can earn") {
    s3_objects o;
    fill_main(o, 2);
    for (int i = 0; i < 100; ++i)
        o.policy.touch(0);
    for (entry_id id = 2; id < 100; ++id) { // each eviction of the other is a round
        if (o.evict() == 0)
            break;
        o.restore(id, true);
    }
    CHECK(o.entries.size() < 8);
}

TEST_CASE("s3-fifo: who comes back soon after probation goes to the main queue") {
    s3_objects o;
    fill_main(o, 3);
    for (entry_id id : {10, 11})
        o.admit(id);
    CHECK(o.evict() == 10);
    o.admit(10);
    o.admit(12);
    CHECK(o.evict_all() == ids{11, 0, 1, 12, 2, 10});
}

TEST_CASE("s3-fifo: who was deleted and not evicted comes back as a stranger") {
    s3_objects o;
    fill_main(o, 3);
    o.admit(10);
    o.remove(10);
    o.admit(10);
    o.admit(11);
    CHECK(o.evict() == 10);
}

TEST_CASE("s3-fifo: a restart keeps who is on probation and who is not") {
    s3_objects o;
    o.restore(0, true);
    o.restore(1, false);
    o.restore(2, true);
    o.restore(3, false);
    CHECK(o.evict_all() == ids{1, 3, 0, 2});
}

TEST_CASE("s3-fifo: the oldest, the newest and one between can be removed from either queue") {
    s3_objects o;
    fill_main(o, 5);
    for (entry_id id = 10; id < 15; ++id)
        o.admit(id);
    for (entry_id id : {0, 2, 4, 10, 12, 14})
        o.remove(id);
    CHECK(o.evict_all() == ids{11, 13, 1, 3});
}

TEST_CASE("s3-fifo: sparing goes round through both queues") {
    s3_objects o;
    fill_main(o, 40);
    for (entry_id id = 50; id < 90; ++id)
        o.admit(id);
    CHECK(o.spare_all() == o.present);
    CHECK(o.spare_all() == o.present);
}

TEST_CASE("s3-fifo: who was spared can be used, removed and evicted") {
    s3_objects o;
    fill_main(o, 4);
    for (entry_id id : {0, 1, 2, 3}) {
        CHECK(o.policy.victim() == id);
        o.policy.spare(id);
    }
    o.policy.touch(0);
    o.remove(1);
    CHECK(o.evict_all() == ids{2, 3, 0});
}

TEST_CASE("s3-fifo: does as lists do") {
    struct model {
        struct object {
            std::uint64_t bytes = 0;
            unsigned hits = 0;
            char queue = 'p';
        };
        void admit(entry_id id, std::uint64_t bytes) {
            bool const ghost = known.take(id);
            objects[id] = {.bytes = bytes};
            push(id, ghost ? 'm' : 'p');
        }
        void touch(entry_id id) { objects[id].hits = std::min(objects[id].hits + 1, 3u); }
        void remove(entry_id id, bool evicted) {
            auto const queue = objects[id].queue;
            queues[queue].remove(id);
            objects.erase(id);
            if (evicted && queue == 'p')
                known.insert(id, queues['m'].size());
            if (evicted)
                rejoin();
        }
        void spare(entry_id id) {
            objects[id].hits = 0;
            move(id, 's');
        }
        bool check(entry_id victim) {
            if (queues['p'].empty() && queues['m'].empty())
                rejoin();
            for (;;) {
                std::uint64_t all = 0, probation = 0;
                for (auto const& [id, o] : objects)
                    all += o.bytes, probation += o.queue == 'p' ? o.bytes : 0;
                char const from = !queues['p'].empty() && (probation * 4 > all || queues['m'].empty()) ? 'p' : 'm';
                auto const id = queues[from].front();
                auto& hits = objects[id].hits;
                if (hits == 0)
                    return id == victim;
                hits = from == 'p' ? 0 : hits - 1;
                move(id, 'm');
            }
        }
        void rejoin() {
            while (!queues['s'].empty())
                move(queues['s'].front(), 'm');
        }
        void push(entry_id id, char queue) {
            objects[id].queue = queue;
            queues[queue].push_back(id);
        }
        void move(entry_id id, char queue) {
            queues[objects[id].queue].remove(id);
            push(id, queue);
        }
        std::map<entry_id, object> objects;
        std::map<char, std::list<entry_id>> queues;
        ghosts known; // has tests of its own
    } m;
    s3_objects o;
    compare_at_random(o, m, 2);
}
