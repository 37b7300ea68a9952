// What clients were told is here while a push is under way, and will name without sending it: the digests of HEAD
// answers, of blobs just uploaded or mounted. Garbage collection leaves them alone.
//
// Whoever relies on a digest notes it first and looks whether it is here afterwards; whoever removes looks here after
// the removal, and takes it back if it was noted meanwhile. So one of the two always sees the other. Unlike the
// evictor's log of uses nothing of this is ever lost; in exchange it takes a lock, one of many, for the time of an
// insertion, and is for hosted repositories only.
#pragma once

#include "oci/digest.h"

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace store {

class reliance {
public:
    void note(oci::digest const& d, std::int64_t now) {
        auto& s = shard_of(d);
        std::lock_guard const lock(s.mutex);
        s.noted[d] = now;
    }

    bool since(oci::digest const& d, std::int64_t when) const {
        auto const& s = shard_of(d);
        std::lock_guard const lock(s.mutex);
        auto const found = s.noted.find(d);
        return found != s.noted.end() && found->second >= when;
    }

    void forget_before(std::int64_t when) {
        for (auto& s : shards_) {
            std::lock_guard const lock(s.mutex);
            std::erase_if(s.noted, [&](auto const& entry) { return entry.second < when; });
        }
    }

private:
    struct alignas(64) shard {
        mutable std::mutex mutex;
        std::unordered_map<oci::digest, std::int64_t> noted;
    };
    shard& shard_of(oci::digest const& d) { return shards_[std::hash<oci::digest>{}(d) % shards_.size()]; }
    shard const& shard_of(oci::digest const& d) const { return shards_[std::hash<oci::digest>{}(d) % shards_.size()]; }

    std::array<shard, 64> shards_;
};

} // namespace store
