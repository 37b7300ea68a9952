// Whether a body that never stops comes at all: a byte now and then keeps every idle timeout away, and a download that
// lasts for days holds its clients, its place and its part of the disk.
//
// What counts is the time spent waiting for upstream: not what the disk, a slow client or max_bandwidth takes.
#pragma once

#include "proxy/runtime/net.h"

#include <cstdint>

namespace proxy {

class least_rate {
public:
    // A tenth of what a modem brought: 10 MB would take three hours, and a client gives up long before. Lines that many
    // downloads share stay above it.
    static constexpr std::uint64_t bytes_per_second = 1024;

    // Judged over waits of this length together.
    explicit least_rate(steady_clock::duration window) : window_(window) {}

    // So many bytes came after a wait of so long. False: they come too slowly.
    bool keeps_up(std::uint64_t bytes, steady_clock::duration waited) noexcept {
        bytes_ += bytes;
        waited_ += waited;
        if (waited_ < window_)
            return true;
        bool const enough =
            static_cast<double>(bytes_) >= std::chrono::duration<double>(waited_).count() * double(bytes_per_second);
        bytes_ = 0;
        waited_ = {};
        return enough;
    }

private:
    steady_clock::duration const window_;
    std::uint64_t bytes_ = 0;
    steady_clock::duration waited_{0};
};

} // namespace proxy
