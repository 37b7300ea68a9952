// Files whose rows are gone, and that wait for their last reader to leave before they are unlinked.
//
// Each has a row in the index too, written by the batch that erased its object, so that a crash forgets none: opening
// the store removes what is named there. Until a file is unlinked its bytes count as used.
#pragma once

#include "oci/digest.h"
#include "store/accounting.h"

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace store {

class trash {
public:
    explicit trash(accounting& sums) noexcept : sums_(sums) {}

    void add(oci::digest const& d, std::uint64_t bytes) {
        std::lock_guard const lock(mutex_);
        auto& held = files_[d];
        sums_.add_trash(static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(held));
        held = bytes;
    }

    // The file is no longer there: it was unlinked, or content of the same digest took its place. What it counted; 0 if
    // it was not waiting.
    std::uint64_t gone(oci::digest const& d) {
        std::lock_guard const lock(mutex_);
        auto const found = files_.find(d);
        if (found == files_.end())
            return 0;
        auto const bytes = found->second;
        sums_.add_trash(-static_cast<std::int64_t>(bytes));
        files_.erase(found);
        return bytes;
    }

    bool holds(oci::digest const& d) const {
        std::lock_guard const lock(mutex_);
        return files_.contains(d);
    }

    std::vector<oci::digest> waiting() const {
        std::lock_guard const lock(mutex_);
        std::vector<oci::digest> all;
        all.reserve(files_.size());
        for (auto const& [d, bytes] : files_)
            all.push_back(d);
        return all;
    }

private:
    accounting& sums_;
    mutable std::mutex mutex_;
    std::unordered_map<oci::digest, std::uint64_t> files_;
};

} // namespace store
