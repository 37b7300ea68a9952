// What clients were told is here while a push is under way, and will name without sending it: the digests of HEAD
// answers, of blobs just uploaded or mounted. Garbage collection leaves them alone.
//
// What was noted before a run counts for a time, by the clock. What is noted during one is told by the order of notes:
// clocks are set back.
//
// Whoever relies on a digest notes it first and looks whether it is here afterwards; whoever removes looks here after
// the removal, and takes it back if it was noted meanwhile. So one of the two always sees the other. Unlike the
// evictor's log of uses nothing of this is ever lost; in exchange it takes a lock, one of many, for the time of an
// insertion, and is for hosted repositories only.
//
// Whoever may push can have digests noted as fast as his small blobs are synced, so there is a bound. Where it is met,
// neither the promises of others are broken nor their pushes refused: what was noted is forgotten one by one and
// remembered as a whole, as if every digest of that shard had been noted. Garbage stays the longer for it.
#pragma once

#include "oci/digest.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace store {

class reliance {
public:
    static constexpr std::size_t max_noted = 256 * 1024; // some 30 MB
    // How long what a client was told keeps content from making room for other; garbage has a time of its own.
    static constexpr std::int64_t a_push = 300; // seconds

    void note(oci::digest const& d, std::int64_t now) {
        auto& s = shard_of(d);
        std::lock_guard const lock(s.mutex);
        if (s.noted.size() >= max_noted / shards_.size() && !s.noted.contains(d))
            s.blur();
        s.noted[d] = {now, notes_.fetch_add(1) + 1}; // in one order with what the collector writes
    }

    // How many notes there were. Each of them is seen by what is called afterwards.
    std::uint64_t notes() const noexcept { return notes_.load(); }

    // What was noted after the first so many notes, or nothing if some of it may have been forgotten as one.
    std::optional<std::vector<oci::digest>> noted_after(std::uint64_t notes) const {
        std::vector<oci::digest> all;
        for (auto const& s : shards_) {
            std::lock_guard const lock(s.mutex);
            if (s.any.number > notes)
                return std::nullopt;
            for (auto const& [d, noted] : s.noted)
                if (noted.number > notes)
                    all.push_back(d);
        }
        return all;
    }

    // Whether it was noted after the first so many notes; or may have been.
    bool after(oci::digest const& d, std::uint64_t notes) const {
        auto const& s = shard_of(d);
        std::lock_guard const lock(s.mutex);
        auto const found = s.noted.find(d);
        return s.any.number > notes || (found != s.noted.end() && found->second.number > notes);
    }

    // Whether it was noted then or later; or may have been.
    bool since(oci::digest const& d, std::int64_t when) const {
        auto const& s = shard_of(d);
        std::lock_guard const lock(s.mutex);
        auto const found = s.noted.find(d);
        return s.any.at >= when || (found != s.noted.end() && found->second.at >= when);
    }

    // The same of what is remembered one by one: of what was forgotten, false.
    bool surely_since(oci::digest const& d, std::int64_t when) const {
        auto const& s = shard_of(d);
        std::lock_guard const lock(s.mutex);
        auto const found = s.noted.find(d);
        return found != s.noted.end() && found->second.at >= when;
    }

    std::size_t size() const {
        std::size_t sum = 0;
        for (auto const& s : shards_) {
            std::lock_guard const lock(s.mutex);
            sum += s.noted.size();
        }
        return sum;
    }

    // What was noted before then, of the first so many notes: a clock set back makes the others no older.
    void forget_before(std::int64_t when, std::uint64_t notes) {
        for (auto& s : shards_) {
            std::lock_guard const lock(s.mutex);
            std::erase_if(s.noted,
                          [&](auto const& entry) { return entry.second.at < when && entry.second.number <= notes; });
        }
    }

private:
    struct note_of {
        std::int64_t at; // seconds
        std::uint64_t number;
    };
    struct alignas(64) shard {
        mutable std::mutex mutex;
        std::unordered_map<oci::digest, note_of> noted;
        note_of any{std::numeric_limits<std::int64_t>::min(), 0}; // any digest may have been noted until then

        void blur() {
            for (auto const& [d, last] : noted)
                any = {std::max(any.at, last.at), std::max(any.number, last.number)};
            noted.clear();
        }
    };
    shard& shard_of(oci::digest const& d) { return shards_[std::hash<oci::digest>{}(d) % shards_.size()]; }
    shard const& shard_of(oci::digest const& d) const { return shards_[std::hash<oci::digest>{}(d) % shards_.size()]; }

    std::array<shard, 64> shards_;
    std::atomic<std::uint64_t> notes_ = 0;
};

} // namespace store
