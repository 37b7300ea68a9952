// Greedy-Dual-Size with frequency (Cherkasova, 1998): the value of an object is how often it was asked for, divided by
// its bytes, so that many small and popular objects are kept in the place of a large one. What has not been asked for
// lately loses against newcomers, since each value is raised by that of the last victim at the time of the use.
//
// For small objects, where a miss costs a round trip whatever the size.
#pragma once

#include "store/eviction/entry_list.h"
#include "store/eviction/policy.h"

#include <vector>

namespace store {

class gdsf final : public eviction_policy {
public:
    explicit gdsf(eviction_entries& entries) : entries_(entries) {}

    void admit(entry_id id, std::uint64_t fingerprint) override;
    void restore(entry_id id, bool used_again) override;
    void touch(entry_id id) override;
    void remove(entry_id id, std::uint64_t fingerprint, bool evicted) override;
    std::optional<entry_id> victim() override;
    void spare(entry_id id) override;

    std::size_t heap_memory() const noexcept { return heap_.capacity() * sizeof(entry_id); } // bytes

private:
    enum queue : std::uint8_t { in_heap, spared };

    void enter(entry_id id, std::uint8_t hits);
    void set_value(entry_id id);
    void push(entry_id id);
    void erase(entry_id id);
    void rejoin();

    // The heap's least value is at its front; an entry's place in it stands in `previous`.
    void place(entry_id id, std::size_t at);
    void sink(std::size_t at);
    void rise(std::size_t at);

    eviction_entries& entries_;
    std::vector<entry_id> heap_;
    entry_list spared_;    // out of the heap until something else has gone, or nothing else is left
    double inflation_ = 0; // the value of the last victim
};

} // namespace store
