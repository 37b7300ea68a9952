// An operating system that has no descriptor left for so many opens of content; all else is the real one.
#pragma once

#include "store/file_system.h"

#include <atomic>
#include <cerrno>

namespace tests {

class few_files : public store::file_system {
public:
    std::atomic<int> refuse{0}; // of the next opens

    int open(int folder, char const* path, int flags, mode_t mode) noexcept override {
        return is_refused() ? -1 : file_system::open(folder, path, flags, mode);
    }
    int open_if_cached(int folder, char const* path) noexcept override {
        return is_refused() ? -1 : file_system::open_if_cached(folder, path);
    }
    int open_in_memory() noexcept override { return is_refused() ? -1 : file_system::open_in_memory(); }

private:
    bool is_refused() noexcept {
        for (int left = refuse; left > 0;) {
            if (!refuse.compare_exchange_weak(left, left - 1))
                continue;
            errno = EMFILE;
            return true;
        }
        return false;
    }
};

} // namespace tests
