// Names of objects that were evicted a while ago, so that an early return can be told from a first arrival.
//
// Remembering exactly, a queue and a hash table beside it, costs 24 bytes a name. Here a name is 8 bytes, half of its
// fingerprint and the time of its eviction counted in evictions, in a table of small buckets: what is too old does not
// count, and a full bucket forgets its oldest. So a few names are forgotten early, and one in 2^32 / count() is taken
// for another; either costs a miss at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace store {

class ghosts {
public:
    // Remembers `fingerprint`, and from now on no more than the last `limit` names. Grows the memory for that, never
    // shrinks it.
    void insert(std::uint64_t fingerprint, std::size_t limit);

    // Whether it is remembered; it is not any more then.
    bool take(std::uint64_t fingerprint) noexcept;

    std::size_t memory() const noexcept { return slots_.capacity() * sizeof(slot); } // bytes

private:
    struct slot {
        std::uint32_t tag = 0;
        std::uint32_t time = 0; // 0: free
    };
    static constexpr std::size_t bucket_size = 8; // a cache line

    slot* bucket(std::uint32_t tag) noexcept;
    bool is_remembered(slot const& s) const noexcept;
    void put(slot s) noexcept;
    void grow();

    std::vector<slot> slots_;
    std::uint32_t now_ = 0; // of the latest insert
    std::size_t limit_ = 0;
};

} // namespace store
