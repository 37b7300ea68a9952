// Pieces of content that come before their turn: written at their place in the temp file of a blob_writer, while that
// goes on from the front, and taken in by it when it gets there (blob_writer::take_in).
//
// Any number of threads at a time, also beside the blob_writer's own. From close() on nothing is written any more,
// whoever still holds this: the content that is hashed, committed or left to another writer cannot change.
#pragma once

#include "store/blob_file.h"
#include "store/error.h"

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <span>

namespace store {

struct core;

class side_writer {
public:
    side_writer(std::shared_ptr<core> c, std::shared_ptr<blob_file const> to, std::uint64_t size)
        : core_(std::move(c)), file_(std::move(to)), size_(size) {}

    // Blocks. False: it is closed, nothing was written.
    //   size_mismatch  beyond the announced end
    //   no_space, io   as blob_writer::append
    result<bool> write(std::uint64_t at, std::span<std::byte const> data);

    void close(); // waits for the writes that are under way

private:
    std::shared_ptr<core> const core_;
    std::shared_ptr<blob_file const> const file_;
    std::uint64_t const size_;
    std::shared_mutex mutex_; // guards closed_; held shared by every write
    bool closed_ = false;
};

} // namespace store
