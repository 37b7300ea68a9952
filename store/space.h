// The limit: whoever wants to write asks here first, and what is in the way is evicted before the answer.
//
// Counted is what the disk holds for the store (content, folders, temporary files, files that wait for their last
// reader, RocksDB with its log), what writers have been promised, and what RocksDB may grow by until it is looked at
// again. So the sum is at any moment at least what the disk holds, and no sum above the limit is ever promised.
//
// Nor does `du` ever show more, if space that was freed rests for a while before it is promised again: du takes its
// time, and would count both the file that went and the one that came in its place.
//
// All members may be called from any thread and block.
#pragma once

#include "store/accounting.h"
#include "store/error.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>

namespace store {

struct core;

struct space_limits {
    std::uint64_t keep_storage = 0;    // 0: only the disk bounds
    std::uint64_t min_free_space = 0;  // of the disk, whoever fills it
    std::uint64_t reserved_space = 0;  // what min_free_space leaves us at least
    std::chrono::milliseconds rest{0}; // how long freed space is counted on

    friend bool operator==(space_limits const&, space_limits const&) = default;
};

class space {
public:
    explicit space(core& c) noexcept : core_(c) {}

    void set_limits(space_limits const& limits) noexcept;
    space_limits limits() const noexcept;

    // Promises so many bytes of a file to come. no_space if they cannot be had: then nothing was evicted that would
    // not have been enough.
    result<reservation> reserve(std::uint64_t bytes);
    // So many more for a writer that did not know its size.
    result<void> extend(reservation& r, std::uint64_t bytes);
    // Room for a row of so many bytes, which the index is about to take.
    result<void> check_row(std::uint64_t bytes);

    // A file of so many bytes was unlinked.
    void note_freed(std::uint64_t bytes);

    // Brings the store below its limits, with a little room to spare so that the next writer need not wait. For the
    // background.
    void hold_limits();

    // Everything that counts against keep_storage; of these RocksDB's growth is a precaution and not on disk.
    std::uint64_t counted_bytes() const;
    std::uint64_t recently_counted_bytes() const; // without a look at each of RocksDB's files
    // How much has to go for so many more bytes, and which of the limits says so.
    struct shortage {
        std::uint64_t by_limit = 0;
        std::uint64_t by_disk = 0;
        std::uint64_t bytes() const noexcept { return by_limit > by_disk ? by_limit : by_disk; }
    };
    shortage shortage_for(std::uint64_t bytes) const;
    std::uint64_t shortage_for_disk(std::uint64_t bytes) const;
    std::uint64_t resting_bytes() const;

private:
    std::uint64_t counted_beside_index() const; // but with what it may grow by
    result<void> make_room(std::uint64_t bytes);
    bool can_suffice(std::uint64_t bytes, shortage const& missing) const;
    bool reclaim_index(std::uint64_t missing);
    std::uint64_t slack() const noexcept;
    void share_out() const;
    void wait_for_rest();

    using clock = std::chrono::steady_clock;
    struct freed {
        clock::time_point when;
        std::uint64_t bytes;
    };

    core& core_;
    std::atomic<std::chrono::milliseconds::rep> rest_ = 0;
    mutable std::mutex freed_mutex_; // guards the next; nothing else is done under it
    mutable std::deque<freed> freed_;
    std::condition_variable timer_;        // that nobody rings
    std::mutex one_at_a_time_;             // makes asking and promising one step; eviction happens under it
    std::uint64_t index_reclaimed_to_ = 0; // bytes, the last time; guarded by that
    std::uint64_t content_at_reclaim_ = 0; // bytes
    std::atomic<std::uint64_t> keep_storage_ = 0;
    std::atomic<std::uint64_t> min_free_space_ = 0;
    std::atomic<std::uint64_t> reserved_space_ = 0;
};

} // namespace store
