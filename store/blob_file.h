// A readable piece of content: an open file, or the bytes of a small object.
//
// Stays readable until destroyed, also when the object is removed from the store meanwhile: an unlinked file
// lives on under its descriptor. Shared between threads freely; reads are positional.
#pragma once

#include "store/error.h"
#include "store/open_handles.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace store {

// An owned file descriptor; closed on destruction.
class file_descriptor {
public:
    file_descriptor() = default;
    explicit file_descriptor(int fd) noexcept : fd_(fd) {}
    file_descriptor(file_descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    file_descriptor& operator=(file_descriptor&& other) noexcept;
    ~file_descriptor();

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_ = -1;
};

struct held_space;

class blob_file {
public:
    // Of a file on disk / of a small object.
    blob_file(file_descriptor fd, std::uint64_t size, open_handles::mark reading = {});
    explicit blob_file(std::shared_ptr<std::string const> bytes);
    blob_file(blob_file const&) = delete;
    ~blob_file();

    std::uint64_t size() const noexcept { return size_; }
    bool in_memory() const noexcept { return bytes_ != nullptr; }

    std::string_view bytes() const noexcept { return *bytes_; } // in_memory() only
    int fd() const noexcept { return fd_.get(); }               // !in_memory() only

    // Fills `to` from `offset`; fewer bytes come back at the end only. May block. Of a growing file the end is
    // where the writer stands now.
    result<std::size_t> read(std::uint64_t offset, std::span<std::byte> to) const;

    // Content that was being written has got a name, under which this may be read on. Called once, by who gives it
    // the name.
    void count_as_open(open_handles::mark reading) const noexcept { reading_ = std::move(reading); }

    // Content that was being written gets no name: see nameless_files.h. Called once, by who wrote it.
    void keep_counted(std::unique_ptr<held_space> space) const noexcept;

private:
    mutable open_handles::mark reading_; // ends after the descriptor is closed
    mutable std::unique_ptr<held_space> space_;
    file_descriptor fd_;
    std::shared_ptr<std::string const> bytes_;
    std::uint64_t size_ = 0;
};

} // namespace store
