// How much the store holds, without asking the disk.
//
// The sums over rows are kept in the index, changed by the same batches as the rows, and mirrored here in
// memory; so they are exact after a crash and cost nothing to open. What writers hold lives in memory only:
// a crash ends the writers, and opening clears their files. Where bytes move from one sum to another they are
// added first and taken away second, so that a reader may see them twice for a moment and never not at all.
#pragma once

#include "store/index_codec.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>

namespace store {

inline constexpr std::uint64_t disk_block_bytes = 4096;

constexpr std::uint64_t whole_blocks(std::uint64_t bytes) noexcept {
    return (bytes + disk_block_bytes - 1) / disk_block_bytes * disk_block_bytes;
}

class accounting {
public:
    void apply(totals const& change) noexcept {
        objects_.fetch_add(change.objects, std::memory_order_relaxed);
        content_bytes_.fetch_add(change.content_bytes, std::memory_order_relaxed);
        file_bytes_.fetch_add(change.file_bytes, std::memory_order_relaxed);
        logical_bytes_.fetch_add(change.logical_bytes, std::memory_order_relaxed);
    }

    std::uint64_t objects() const noexcept { return read(objects_); }
    std::uint64_t content_bytes() const noexcept { return read(content_bytes_); }
    std::uint64_t file_bytes() const noexcept { return read(file_bytes_); }
    std::uint64_t logical_bytes() const noexcept { return read(logical_bytes_); }
    std::uint64_t temp_bytes() const noexcept { return read(temp_bytes_); }
    std::uint64_t reserved_bytes() const noexcept { return read(reserved_bytes_); }

private:
    friend class reservation;

    static std::uint64_t read(std::atomic<std::int64_t> const& v) noexcept {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(v.load(std::memory_order_relaxed), 0));
    }

    std::atomic<std::int64_t> objects_ = 0;
    std::atomic<std::int64_t> content_bytes_ = 0;
    std::atomic<std::int64_t> file_bytes_ = 0;
    std::atomic<std::int64_t> logical_bytes_ = 0;
    std::atomic<std::int64_t> temp_bytes_ = 0;
    std::atomic<std::int64_t> reserved_bytes_ = 0;
};

// Space promised to one writer; given back on destruction.
class reservation {
public:
    reservation(accounting& of, std::uint64_t bytes) noexcept
        : of_(&of), left_(static_cast<std::int64_t>(whole_blocks(bytes))) {
        of.reserved_bytes_.fetch_add(left_, std::memory_order_relaxed);
    }
    reservation(reservation&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), left_(other.left_), written_(other.written_) {}
    reservation& operator=(reservation&&) = delete;
    ~reservation() {
        if (!of_)
            return;
        of_->reserved_bytes_.fetch_sub(left_, std::memory_order_relaxed);
        of_->temp_bytes_.fetch_sub(written_, std::memory_order_relaxed);
    }

    // The temp file now has `bytes` bytes. What was not promised (a size not known before) is counted too.
    void written(std::uint64_t bytes) noexcept {
        auto const grown = static_cast<std::int64_t>(whole_blocks(bytes)) - written_;
        auto const promised = std::min(grown, left_);
        written_ += grown;
        left_ -= promised;
        of_->temp_bytes_.fetch_add(grown, std::memory_order_relaxed);
        of_->reserved_bytes_.fetch_sub(promised, std::memory_order_relaxed);
    }

private:
    accounting* of_;
    std::int64_t left_;
    std::int64_t written_ = 0;
};

} // namespace store
