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

    // Of files that wait to be removed: see trash.h.
    void add_trash(std::int64_t bytes) noexcept { trash_bytes_.fetch_add(bytes, std::memory_order_relaxed); }

    std::uint64_t objects() const noexcept { return read(objects_); }
    std::uint64_t trash_bytes() const noexcept { return read(trash_bytes_); }
    // The part of what writers hold that the disk has not yet given: what its free space will shrink by.
    std::uint64_t unallocated_bytes() const noexcept {
        auto const promised = reserved_bytes(), allocated = read(allocated_bytes_);
        return promised - std::min(promised, allocated);
    }

    // Of all files: content, half-written, waiting to be removed, promised; and a block for each writer, by which the
    // folder may grow that its file comes into.
    std::uint64_t claimed_bytes() const noexcept {
        return file_bytes() + temp_bytes() + trash_bytes() + reserved_bytes() + read(writers_) * disk_block_bytes;
    }

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
    std::atomic<std::int64_t> trash_bytes_ = 0;
    std::atomic<std::int64_t> writers_ = 0;
    std::atomic<std::int64_t> content_bytes_ = 0;
    std::atomic<std::int64_t> file_bytes_ = 0;
    std::atomic<std::int64_t> logical_bytes_ = 0;
    std::atomic<std::int64_t> temp_bytes_ = 0;
    std::atomic<std::int64_t> reserved_bytes_ = 0;
    std::atomic<std::int64_t> allocated_bytes_ = 0; // of the reserved, what the disk has already given
};

// Space promised to one writer; given back on destruction.
class reservation {
public:
    reservation(accounting& of, std::uint64_t bytes) noexcept
        : of_(&of), left_(static_cast<std::int64_t>(whole_blocks(bytes))) {
        of.reserved_bytes_.fetch_add(left_, std::memory_order_relaxed);
        of.writers_.fetch_add(1, std::memory_order_relaxed);
    }
    reservation(reservation&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), left_(other.left_), written_(other.written_), ahead_(other.ahead_) {}
    reservation& operator=(reservation&&) = delete;
    ~reservation() {
        if (!of_)
            return;
        of_->reserved_bytes_.fetch_sub(left_, std::memory_order_relaxed);
        of_->temp_bytes_.fetch_sub(written_, std::memory_order_relaxed);
        of_->allocated_bytes_.fetch_sub(ahead_, std::memory_order_relaxed);
        of_->writers_.fetch_sub(1, std::memory_order_relaxed);
    }

    // The disk has given so many bytes to the file before anything is written.
    void allocated(std::uint64_t bytes) noexcept {
        ahead_ = static_cast<std::int64_t>(bytes);
        of_->allocated_bytes_.fetch_add(ahead_, std::memory_order_relaxed);
    }

    // More was promised.
    void add(std::uint64_t bytes) noexcept {
        auto const more = static_cast<std::int64_t>(whole_blocks(bytes));
        left_ += more;
        of_->reserved_bytes_.fetch_add(more, std::memory_order_relaxed);
    }

    // The temp file now has `bytes` bytes. What was not promised (a size not known before) is counted too.
    void written(std::uint64_t bytes) noexcept {
        auto const grown = static_cast<std::int64_t>(whole_blocks(bytes)) - written_;
        auto const promised = std::min(grown, left_);
        written_ += grown;
        left_ -= promised;
        of_->temp_bytes_.fetch_add(grown, std::memory_order_relaxed);
        of_->reserved_bytes_.fetch_sub(promised, std::memory_order_relaxed);
        auto const from_ahead = std::min(grown, ahead_);
        ahead_ -= from_ahead;
        of_->allocated_bytes_.fetch_sub(from_ahead, std::memory_order_relaxed);
    }

    // What was promised beyond what is written is promised no more.
    void settle() noexcept { of_->reserved_bytes_.fetch_sub(std::exchange(left_, 0), std::memory_order_relaxed); }

private:
    accounting* of_;
    std::int64_t left_;
    std::int64_t written_ = 0;
    std::int64_t ahead_ = 0;
};

} // namespace store
