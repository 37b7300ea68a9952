// A disk with as much room as the test says; all else is the real one.
#pragma once

#include "store/file_system.h"

#include <atomic>
#include <cstdint>

namespace tests {

class limited_disk : public store::file_system {
public:
    // The store keeps 64 MiB free of content, and 8 MiB of its index.
    static constexpr std::uint64_t plenty = 1ull << 40, room_for_index = 16 * 1024 * 1024, full = 0;

    explicit limited_disk(std::uint64_t free) : free_(free) {}

    void set_free(std::uint64_t bytes) { free_ = bytes; }
    void fill_up_at_first_write() { fills_up_ = true; } // of content

    std::uint64_t free_bytes(int) noexcept override { return free_; }
    ssize_t write(int fd, void const* data, std::size_t size, off_t offset) noexcept override {
        if (fills_up_)
            free_ = full;
        return file_system::write(fd, data, size, offset);
    }

private:
    std::atomic<std::uint64_t> free_;
    std::atomic<bool> fills_up_{false};
};

} // namespace tests
