// Which content is being read, so that it is not taken away under its readers.
//
// A file that is unlinked while somebody reads it stays readable but goes on taking space that nobody counts; so open
// content is never evicted, and a file without a row waits for its last reader. The hit path pays two relaxed-cost
// increments and no lock: readers are counted by a hash of the digest, in a table of fixed size. Two digests that share
// a counter keep each other alive for a while, nothing worse.
//
// Order matters: a reader marks first and looks the row up second, a remover erases the row first and looks at the mark
// second; so one of them sees the other.
#pragma once

#include "oci/digest.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace store {

class open_handles : public std::enable_shared_from_this<open_handles> {
public:
    // Counts as one reader until destroyed. Keeps the table alive.
    class mark {
    public:
        mark() = default;
        mark(mark&& other) noexcept : table_(std::move(other.table_)), slot_(other.slot_) { other.table_.reset(); }
        mark& operator=(mark&& other) noexcept {
            std::swap(table_, other.table_);
            std::swap(slot_, other.slot_);
            return *this;
        }
        ~mark() {
            if (table_)
                table_->counts_[slot_].fetch_sub(1, std::memory_order_release);
        }

    private:
        friend class open_handles;
        mark(std::shared_ptr<open_handles> table, std::size_t slot) noexcept : table_(std::move(table)), slot_(slot) {
            table_->counts_[slot_].fetch_add(1, std::memory_order_seq_cst);
        }

        std::shared_ptr<open_handles> table_;
        std::size_t slot_ = 0;
    };

    mark open(oci::digest const& d) { return {shared_from_this(), slot_of(d)}; }
    bool is_open(oci::digest const& d) const noexcept {
        return counts_[slot_of(d)].load(std::memory_order_seq_cst) != 0;
    }

private:
    static constexpr std::size_t count = 64 * 1024;
    static std::size_t slot_of(oci::digest const& d) noexcept { return std::hash<oci::digest>{}(d) % count; }

    std::array<std::atomic<std::uint32_t>, count> counts_{};
};

} // namespace store
