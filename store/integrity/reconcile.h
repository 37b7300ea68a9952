// Beside serving, once after each start: brings files and index together again.
//
// A crash between rename and batch, or between batch and unlink, leaves a file without a row; a hand in the folder,
// or a disk that lost something, leaves a row without its file; sums that were wrong once stay so. None of that is
// visible to clients, but it costs space or a surprise later, and finding it means looking at everything, which is
// why opening the store does not.
//
// In this order: files without rows are removed; rows without their files are dropped; link
// counts and sums are counted anew and corrected by the difference. What is in blobs/ and not ours by place and name
// (a folder where a file belongs, somebody's notes) is warned of and left.
#pragma once

#include "store/content_store.h"
#include "store/index_codec.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>

namespace store {

struct reconcile_result {
    std::uint64_t files = 0;           // looked at
    std::uint64_t rows = 0;            // of objects, looked at
    std::uint64_t orphans_removed = 0; // files without a row
    std::uint64_t orphan_bytes = 0;    // of content in them
    std::uint64_t rows_dropped = 0;    // their file was missing or had another size
    std::uint64_t foreign = 0;         // left alone
    std::uint64_t link_counts_corrected = 0;
    totals drift;               // what was added to the sums
    std::uint64_t failures = 0; // what could not be looked at or mended; each was warned of
};

class reconciler {
public:
    // Keeps the store open as long as it lives.
    explicit reconciler(content_store const& s);
    ~reconciler();

    // Looks at about `entries` files or rows more; true once there are none left. Blocks: the rate is the caller's,
    // who waits between steps; a stop request ends a step early. One thread at a time, any thread, while others do
    // with the store what they like. Dropping it half way is fine: each step leaves the store in order, and the next
    // reconciler starts from the beginning. What fails for one file is counted, warned of, and passed over; an error
    // means that the index cannot be read, or that the sums cannot be written: no_space, io, corrupt. Another step
    // then tries again.
    result<bool> step(std::size_t entries, std::stop_token const& stop = {});

    reconcile_result const& found() const noexcept; // so far

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace store
