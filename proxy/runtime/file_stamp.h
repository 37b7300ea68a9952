// What a file that is replaced, written to, or made readable has another of: how one that is watched is seen to have
// changed, without being read.
#pragma once

#include <cstdint>
#include <filesystem>

namespace proxy {

struct file_stamp {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t written_ns = 0;
    std::int64_t changed_ns = 0; // its owner and mode too

    // All zero: there is none, or none that can be seen. Blocks.
    static file_stamp of(std::filesystem::path const& file) noexcept;

    bool exists() const noexcept { return *this != file_stamp(); }
    friend bool operator==(file_stamp const&, file_stamp const&) = default;
};

} // namespace proxy
