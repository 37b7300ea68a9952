// Objects by number, their rows of the table, and one policy over them.
#pragma once

#include "store/eviction/policy.h"
#include "tests/catch.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace store::testing {

// The objects of a test are their own row numbers and fingerprints.
template <class Policy>
struct cached_objects {
    template <class... Options>
    explicit cached_objects(Options... options) : policy(entries, options...) {}

    void set_bytes(entry_id id, std::uint64_t bytes) {
        if (entries.size() <= id)
            entries.resize(id + 1);
        entries[id] = {.bytes = bytes};
        present.insert(id);
    }
    void admit(entry_id id, std::uint64_t bytes = 1) {
        set_bytes(id, bytes);
        policy.admit(id, id);
    }
    void restore(entry_id id, bool used_again, std::uint64_t bytes = 1) {
        set_bytes(id, bytes);
        policy.restore(id, used_again);
    }
    void remove(entry_id id, bool evicted = false) {
        present.erase(id);
        policy.remove(id, id, evicted);
    }
    entry_id evict() {
        auto const id = policy.victim();
        REQUIRE(id);
        remove(*id, true);
        return *id;
    }
    std::vector<entry_id> evict_all() {
        std::vector<entry_id> order;
        while (!present.empty())
            order.push_back(evict());
        CHECK_FALSE(policy.victim());
        return order;
    }
    // What as many proposals as there are entries name, if nothing may go.
    std::set<entry_id> spare_all() {
        std::set<entry_id> seen;
        for (std::size_t i = 0; i < present.size(); ++i) {
            auto const id = policy.victim();
            REQUIRE(id);
            seen.insert(*id);
            policy.spare(*id);
        }
        return seen;
    }

    eviction_entries entries;
    std::set<entry_id> present;
    Policy policy;
};

using ids = std::vector<entry_id>;

// Does at random what a store does, to the policy and to a model of it, which says by check() whether a victim is
// right. Model: admit(id, bytes), touch(id), remove(id, evicted), spare(id), check(proposed victim).
template <class Objects, class Model>
void compare_at_random(Objects& objects, Model& model, std::uint32_t seed) {
    std::minstd_rand random(seed);
    auto const any_present = [&] {
        auto at = objects.present.lower_bound(random() % 200);
        return at == objects.present.end() ? *objects.present.begin() : *at;
    };
    for (int step = 0; step < 20000; ++step) {
        auto const what = random() % 16;
        entry_id const id = random() % 200;
        if (what < 8 && !objects.present.contains(id)) {
            auto const bytes = 1 + random() % 100;
            objects.admit(id, bytes);
            model.admit(id, bytes);
        } else if (objects.present.empty()) {
            continue;
        } else if (what < 11) {
            auto const used = any_present();
            objects.policy.touch(used);
            model.touch(used);
        } else if (what == 11) {
            auto const gone = any_present();
            objects.remove(gone);
            model.remove(gone, false);
        } else {
            auto const victim = objects.policy.victim();
            REQUIRE(victim);
            REQUIRE(model.check(*victim));
            if (what == 12) {
                objects.policy.spare(*victim);
                model.spare(*victim);
            } else {
                objects.remove(*victim, true);
                model.remove(*victim, true);
            }
        }
    }
}

} // namespace store::testing
