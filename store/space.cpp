#include "store/space.h"

#include "store/core.h"
#include "store/publication.h"

#include <algorithm>
#include <limits>

namespace store {
namespace {

std::uint64_t above(std::uint64_t a, std::uint64_t b) noexcept {
    return a > b ? a - b : 0;
}

} // namespace

void space::set_limits(space_limits const& limits) noexcept {
    keep_storage_ = limits.keep_storage;
    min_free_space_ = limits.min_free_space;
    reserved_space_ = limits.reserved_space;
    rest_ = limits.rest.count();
}

space_limits space::limits() const noexcept {
    return {keep_storage_, min_free_space_, reserved_space_, std::chrono::milliseconds(rest_)};
}

std::uint64_t space::counted_bytes() const {
    return counted_beside_index() + core_.db->disk_bytes();
}

std::uint64_t space::recently_counted_bytes() const {
    return counted_beside_index() + core_.db->recent_disk_bytes();
}

std::uint64_t space::counted_beside_index() const {
    auto const& c = core_;
    return c.folder->folder_bytes() + c.quarantined.load() + c.sums.claimed_bytes() + c.db->growth_bytes();
}

space::shortage space::shortage_for(std::uint64_t bytes) const {
    shortage s;
    if (auto const limit = keep_storage_.load(); limit != 0) {
        auto const counted = counted_bytes() + resting_bytes();
        s.by_limit = above(counted + bytes, limit);
    }
    s.by_disk = shortage_for_disk(bytes);
    return s;
}

std::uint64_t space::shortage_for_disk(std::uint64_t bytes) const {
    auto const least = min_free_space_.load();
    return least == 0 ? 0 : above(least + bytes + core_.sums.unallocated_bytes(), core_.folder->free_bytes());
}

// What the pools may hold together: the limit less what is not content.
void space::share_out() const {
    auto const limit = keep_storage_.load();
    auto const overhead = above(counted_bytes(), core_.sums.file_bytes());
    core_.residents->set_capacity(limit == 0 ? std::numeric_limits<std::uint64_t>::max() / 128
                                             : above(limit, overhead));
}

// What was erased from the index goes from the disk when tables are rewritten. True if that was worth a try: not if the
// whole index is less than what is missing, nor if little was written or erased since the last time.
bool space::reclaim_index(std::uint64_t missing) {
    auto const before = core_.db->disk_bytes();
    auto const little = core_.db->growth_bytes() / 4;
    if (before < std::max(little, missing))
        return false;
    auto const content = core_.sums.content_bytes();
    if (before < index_reclaimed_to_ + little && content + little > content_at_reclaim_)
        return false;
    for (auto const f : {family::small, family::objects, family::links, family::holders, family::sums}) {
        if (auto done = core_.db->compact(f); !done) {
            core_.warn(done.error().message);
            return false;
        }
    }
    index_reclaimed_to_ = core_.db->disk_bytes();
    content_at_reclaim_ = content;
    return index_reclaimed_to_ < before;
}

void space::note_freed(std::uint64_t bytes) {
    if (rest_ == 0)
        return;
    std::lock_guard const lock(freed_mutex_);
    freed_.push_back({clock::now(), bytes});
}

std::uint64_t space::resting_bytes() const {
    std::lock_guard const lock(freed_mutex_);
    auto const oldest = clock::now() - std::chrono::milliseconds(rest_);
    while (!freed_.empty() && freed_.front().when <= oldest)
        freed_.pop_front();
    std::uint64_t sum = 0;
    for (auto const& f : freed_)
        sum += f.bytes;
    return sum;
}

// Until the next of it may be used again.
void space::wait_for_rest() {
    std::unique_lock lock(freed_mutex_);
    if (!freed_.empty())
        timer_.wait_until(lock, freed_.front().when + std::chrono::milliseconds(rest_), [] { return false; });
}

// Evicted beyond what must be, so that not every writer has to do some of it.
std::uint64_t space::slack() const noexcept {
    constexpr std::uint64_t most = 64 * 1024 * 1024;
    return std::min(keep_storage_.load() / 64, most);
}

// Whether so much could be missing no more after all that may go has gone.
bool space::can_suffice(std::uint64_t bytes, shortage const& missing) const {
    auto const& c = core_;
    auto const kept = c.kept.bytes();
    if (missing.bytes() == 0) // only the disk's margin is: content that goes is not asked for that
        return bytes + content_margin_bytes <= c.folder->free_bytes() + kept;
    return missing.bytes() <= c.residents->evictable_bytes() + c.sums.trash_bytes() + resting_bytes() + kept +
                                  (missing.by_limit > 0 ? c.db->disk_bytes() : 0);
}

result<void> space::make_room(std::uint64_t bytes) {
    bool reclaimed = false;
    bool swept = false;
    core_.nameless.close_all();
    for (;;) {
        auto const missing = shortage_for(bytes);
        auto const fits = missing.bytes() == 0 ? core_.folder->check_room(bytes, content_margin_bytes) : result<void>();
        if (missing.bytes() == 0 && fits)
            return {};
        (void)core_.residents->load(); // or what of it can be read
        bool const possible = can_suffice(bytes, missing);
        if (possible && core_.kept.drop_oldest())
            continue;
        if (missing.bytes() == 0)
            return fits;
        auto const resting = resting_bytes();
        if (resting >= missing.by_limit && missing.by_disk == 0) {
            wait_for_rest();
            continue;
        }
        bool const hopeless =
            !possible || missing.bytes() > core_.residents->evictable_bytes() + core_.sums.trash_bytes() + resting;
        auto const why = missing.by_limit >= missing.by_disk ? gc_reason::keep_storage : gc_reason::min_free_space;
        if (!hopeless) {
            share_out();
            auto const wanted = std::max(above(missing.by_limit, resting), missing.by_disk) + slack();
            if (core_.residents->evict(wanted, why).objects > 0)
                continue;
        }
        if (!swept && core_.sums.trash_bytes() > 0) {
            swept = true;
            empty_trash(core_);
            continue;
        }
        if (!reclaimed && possible && missing.by_limit > 0) {
            reclaimed = true;
            auto const without_it = core_.residents->evictable_bytes() + core_.sums.trash_bytes() + resting;
            if (reclaim_index(above(missing.by_limit, without_it)))
                continue;
        }
        return error{errc::no_space,
                     std::string(to_string(why)) + " leaves no room for " + std::to_string(bytes) + " bytes more"};
    }
}

result<reservation> space::reserve(std::uint64_t bytes) {
    std::lock_guard const lock(one_at_a_time_);
    if (auto room = make_room(whole_blocks(bytes) + disk_block_bytes); !room)
        return room.error();
    return reservation(core_.sums, bytes);
}

result<void> space::extend(reservation& r, std::uint64_t bytes) {
    std::lock_guard const lock(one_at_a_time_);
    if (auto room = make_room(whole_blocks(bytes)); !room)
        return room.error();
    r.add(bytes);
    return {};
}

result<void> space::check_row(std::uint64_t bytes) {
    std::lock_guard const lock(one_at_a_time_);
    auto const limit = keep_storage_.load();
    bool const plenty =
        (limit == 0 || recently_counted_bytes() + resting_bytes() + bytes <= limit) && shortage_for_disk(bytes) == 0;
    return plenty ? core_.folder->check_room(bytes, content_margin_bytes) : make_room(bytes);
}

void space::hold_limits() {
    std::lock_guard const lock(one_at_a_time_);
    core_.folder->measure_folders();
    if (keep_storage_.load() == 0 && min_free_space_.load() == 0)
        return;
    space::shortage missing;
    do {
        missing = shortage_for(2 * slack());
        missing.by_limit = above(missing.by_limit, resting_bytes());
        if (missing.bytes() == 0)
            return;
    } while (core_.kept.drop_oldest());
    (void)core_.residents->load(); // or what of it can be read
    share_out();
    empty_trash(core_);
    // A disk that others fill may take all but reserved_space from us.
    auto const spared = above(core_.sums.claimed_bytes(), reserved_space_.load());
    auto const for_disk = std::min(missing.by_disk, spared);
    if (missing.by_limit > 0 && missing.by_limit >= for_disk)
        core_.residents->evict(missing.by_limit, gc_reason::keep_storage);
    else if (for_disk > 0)
        core_.residents->evict(for_disk, gc_reason::min_free_space);
    if (shortage_for(0).by_limit > resting_bytes())
        reclaim_index(0);
}

} // namespace store
