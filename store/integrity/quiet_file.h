// Reading all of the store without pushing what clients ask for out of the page cache.
//
// Pages that were in the cache before a read stay; those that only this read brought in are let go after it. The
// kernel's own read-ahead is switched off, or it would bring the next block in and make it look wanted.
#pragma once

#include "store/blob_folder.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <sys/stat.h>

namespace store {

class quiet_file {
public:
    // Nothing, and errno, if it cannot be opened. Blocks. `files` lives longer.
    static std::optional<quiet_file> open(file_system& files, int folder, char const* path) noexcept;

    struct stat const& status() const noexcept {
        return status_;
    }

    // Fills `to` from `offset`: fewer bytes at the end only, -1 and errno on failure. Blocks.
    ssize_t read(std::uint64_t offset, std::span<std::byte> to) noexcept;

private:
    quiet_file(file_system& files, file_descriptor fd) noexcept : files_(&files), fd_(std::move(fd)) {}

    file_system* files_;
    file_descriptor fd_;
    struct stat status_ {};
};

} // namespace store
