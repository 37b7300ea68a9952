// Blocks of bytes on their way to the disk while the next are being read from the network: at most one block is under
// way, and whoever fills the next waits for it only when it comes to hand that over.
#pragma once

#include "proxy/error.h"
#include "proxy/runtime/on_disk.h"
#include "proxy/runtime/watch.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <utility>

namespace proxy {

class disk_pipe {
public:
    static constexpr std::size_t block_size = 256 * 1024; // what callers read at once

    // `work` runs on the pool, one call at a time.
    using work = std::function<store::result<void>(std::span<std::byte const>)>;
    disk_pipe(disk_pool& disk, work w) : disk_(disk), work_(std::move(w)) {}
    disk_pipe(disk_pipe const&) = delete;

    // Waits for the block before, then starts this one. `block` must stay untouched until the next call returned. An
    // error is of the block before.
    task<result<void>> put(std::span<std::byte const> block) {
        auto before = co_await settle();
        if (!before)
            co_return before.error();
        pending_ = true;
        disk_.run([this, block] { run(block); });
        co_return result<void>();
    }

    // Waits until nothing is under way. Must be called before the pipe, a block, or what the work uses dies.
    task<result<void>> settle() {
        if (!pending_)
            co_return result<void>();
        auto seen = finished_.get();
        while (seen.value.count == settled_)
            seen = co_await finished_.changed(seen.version);
        settled_ = seen.value.count;
        pending_ = false;
        if (seen.value.failure)
            co_return *seen.value.failure;
        co_return result<void>();
    }

private:
    struct progress {
        std::uint64_t count = 0;
        std::shared_ptr<error const> failure;
    };

    void run(std::span<std::byte const> block) {
        auto done = work_(block);
        finished_.publish({++count_, done ? nullptr : std::make_shared<error const>(from_store(done.error()))});
    }

    disk_pool& disk_;
    work work_;
    watch<progress> finished_{progress{}};
    std::uint64_t count_ = 0;   // pool side; one block at a time orders it
    std::uint64_t settled_ = 0; // loop side
    bool pending_ = false;
};

} // namespace proxy
