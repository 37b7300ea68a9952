#include "store/eviction/ghosts.h"

#include <algorithm>
#include <utility>

namespace store {
namespace {

std::uint32_t tag_of(std::uint64_t fingerprint) noexcept {
    return static_cast<std::uint32_t>(fingerprint ^ fingerprint >> 32);
}

} // namespace

// Buckets are in the order of the tags they hold, so that any number of them will do.
ghosts::slot* ghosts::bucket(std::uint32_t tag) noexcept {
    auto const buckets = slots_.size() / bucket_size;
    return &slots_[(buckets * tag >> 32) * bucket_size];
}

bool ghosts::is_remembered(slot const& s) const noexcept {
    return s.time != 0 && now_ - s.time < limit_;
}

// In the place of its own name, or else of the one that is free or the oldest.
void ghosts::put(slot s) noexcept {
    auto* const first = bucket(s.tag);
    auto* place = first;
    for (auto* at = first; at != first + bucket_size; ++at) {
        if (at->time != 0 && at->tag == s.tag) {
            place = at;
            break;
        }
        if (place->time != 0 && (at->time == 0 || now_ - at->time > now_ - place->time))
            place = at;
    }
    *place = s;
}

// At first half of the slots are free, later a quarter: then full buckets forget about one name in twenty early.
void ghosts::grow() {
    auto const buckets = std::max<std::size_t>(8, limit_ * 2 / bucket_size);
    auto const old = std::exchange(slots_, std::vector<slot>(buckets * bucket_size));
    for (auto const& s : old)
        if (is_remembered(s))
            put(s);
}

void ghosts::insert(std::uint64_t fingerprint, std::size_t limit) {
    limit_ = limit;
    if (limit == 0)
        return;
    if (slots_.size() < limit + limit / 3)
        grow();
    now_ = std::max(now_ + 1, std::uint32_t{1});
    put({.tag = tag_of(fingerprint), .time = now_});
}

bool ghosts::take(std::uint64_t fingerprint) noexcept {
    if (slots_.empty())
        return false;
    auto const tag = tag_of(fingerprint);
    auto* const first = bucket(tag);
    auto* const found =
        std::find_if(first, first + bucket_size, [&](slot const& s) { return s.tag == tag && is_remembered(s); });
    if (found == first + bucket_size)
        return false;
    *found = {};
    return true;
}

} // namespace store
