// Which object should go first: the question, asked of pure objects.
//
// A policy orders entries and proposes victims; it knows no disk, no clock and no lock, and the same code is replayed
// over traces by the benchmarks. What may really go (pinned, open, in-flight objects may not), and the going, is the
// business of its caller.
//
// Entries are rows of one table, so that an object costs a few dozen bytes however many policies there are. Not thread
// safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace store {

using entry_id = std::uint32_t;
inline constexpr entry_id no_entry = ~entry_id{0};

// What policies know of one object. The fields after `bytes` belong to the policy that holds the entry.
struct eviction_entry {
    std::uint64_t bytes = 0; // on disk
    entry_id previous = no_entry;
    entry_id next = no_entry;
    double priority = 0;
    std::uint8_t hits = 0;
    std::uint8_t queue = 0;
    std::uint8_t pool = 0;
};

// Indexed by entry_id; whoever owns it hands out the ids.
using eviction_entries = std::vector<eviction_entry>;

class eviction_policy {
public:
    virtual ~eviction_policy() = default;

    // A new entry, just stored. `fingerprint` is the same whenever this content comes back: a hash of its name.
    virtual void admit(entry_id id, std::uint64_t fingerprint) = 0;
    // An entry from before a restart, given in the order of last use, the oldest first. `used_again`: it was hit after
    // it had been stored.
    virtual void restore(entry_id id, bool used_again) = 0;
    virtual void touch(entry_id id) = 0; // it was asked for
    // Leaves the policy. `evicted`: for want of space, so that its early return may count.
    virtual void remove(entry_id id, std::uint64_t fingerprint, bool evicted) = 0;
    // The entry that should go next, if there is any; it stays until remove() or spare().
    virtual std::optional<entry_id> victim() = 0;
    // This one, the victim or not, cannot go now: it shall not be proposed again soon. Once or twice is the same.
    virtual void spare(entry_id id) = 0;
};

} // namespace store
