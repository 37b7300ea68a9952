// Says what was asked for, from the hit path to whoever decides what goes; without a lock, and without ever waiting.
//
// Each thread writes into one of a few rings; the reader comes by every second. What a full ring overwrites is lost:
// then so much was asked for that a sample is as good.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace store {

class touch_log {
public:
    // Any thread. `fingerprint` as the resident_table makes it; zero is not recorded.
    void add(std::uint64_t fingerprint) noexcept {
        auto& r = (*rings_)[ring_of_this_thread()];
        auto const at = r.written.fetch_add(1, std::memory_order_relaxed);
        r.slots[at % ring_size].store(fingerprint, std::memory_order_relaxed);
    }

    // One thread at a time. Appends what came since the last call, each ring's in its order.
    void drain(std::vector<std::uint64_t>& to) {
        for (auto& r : *rings_) {
            auto const end = r.written.load(std::memory_order_relaxed);
            auto at = end - r.read > ring_size ? end - ring_size : r.read;
            for (; at != end; ++at) {
                if (auto const f = r.slots[at % ring_size].exchange(0, std::memory_order_relaxed))
                    to.push_back(f);
            }
            r.read = end;
        }
    }

private:
    static constexpr std::size_t ring_size = 16 * 1024;
    static constexpr std::size_t ring_count = 8;

    struct alignas(64) ring {
        std::atomic<std::uint64_t> written = 0;
        std::uint64_t read = 0;
        std::array<std::atomic<std::uint64_t>, ring_size> slots{};
    };

    static std::size_t ring_of_this_thread() noexcept {
        static std::atomic<std::size_t> next = 0;
        thread_local std::size_t const mine = next.fetch_add(1, std::memory_order_relaxed) % ring_count;
        return mine;
    }

    std::unique_ptr<std::array<ring, ring_count>> rings_ = std::make_unique<std::array<ring, ring_count>>();
};

} // namespace store
