// A queue of entries, linked through the entries themselves: any of them can leave in constant time, and being in a
// queue costs no memory of its own. An entry is in one queue at a time.
#pragma once

#include "store/eviction/policy.h"

#include <cassert>
#include <cstdint>

namespace store {

class entry_list {
public:
    bool empty() const noexcept { return oldest_ == no_entry; }
    entry_id oldest() const noexcept { return oldest_; } // no_entry if empty
    std::uint64_t count() const noexcept { return count_; }
    std::uint64_t bytes() const noexcept { return bytes_; }

    void push(eviction_entries& entries, entry_id id) noexcept { // as the newest
        auto& e = entries[id];
        e.previous = newest_;
        e.next = no_entry;
        (newest_ == no_entry ? oldest_ : entries[newest_].next) = id;
        newest_ = id;
        ++count_;
        bytes_ += e.bytes;
    }

    void erase(eviction_entries& entries, entry_id id) noexcept { // it is in this queue
        auto& e = entries[id];
        assert(count_ > 0 && bytes_ >= e.bytes);
        (e.previous == no_entry ? oldest_ : entries[e.previous].next) = e.next;
        (e.next == no_entry ? newest_ : entries[e.next].previous) = e.previous;
        e.previous = e.next = no_entry;
        --count_;
        bytes_ -= e.bytes;
    }

private:
    entry_id oldest_ = no_entry;
    entry_id newest_ = no_entry;
    std::uint64_t count_ = 0;
    std::uint64_t bytes_ = 0;
};

} // namespace store
