// Files that never got their names, or lost them at once, while somebody reads them: of a fill that failed, or that
// another was faster than.
//
// The disk holds their bytes until the last descriptor is closed, so they are counted until then. And closing frees
// the blocks, which takes long for a large file: the last reader, who may be on an event loop's thread, leaves that to
// whoever makes room next.
#pragma once

#include "store/accounting.h"
#include "store/blob_file.h"

#include <memory>
#include <mutex>
#include <utility>

namespace store {

struct core;

// What a file takes that is written.
struct held_space {
    std::shared_ptr<core> in; // none: it waits there itself
    reservation bytes;
    file_descriptor fd{}; // of one that waits to be closed
    std::unique_ptr<held_space> next{};
};

// Any thread.
class nameless_files {
public:
    nameless_files() = default;
    nameless_files(nameless_files const&) = delete;
    ~nameless_files() { close_all(); }

    // Does not block.
    void add(std::unique_ptr<held_space> file) noexcept {
        std::lock_guard const lock(mutex_);
        file->next = std::exchange(first_, nullptr);
        first_ = std::move(file);
    }

    void close_all() noexcept {
        auto file = take_all();
        while (file)
            file = std::move(file->next);
    }

private:
    std::unique_ptr<held_space> take_all() noexcept {
        std::lock_guard const lock(mutex_);
        return std::exchange(first_, nullptr);
    }

    std::mutex mutex_; // guards the next
    std::unique_ptr<held_space> first_;
};

} // namespace store
