// What a flood made malloc take of the system, and it keeps when that is over.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <cstddef>

namespace proxy {

// Large blocks go back to the system as soon as they are free: by itself malloc begins to keep them once a few have
// been, in the arena of each thread that had one. Before there are threads.
inline void give_back_large_blocks() {
    ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

// One thread at a time.
class spare_memory {
public:
    // Gives back what has become free since the last time, if that is much: what cannot be given back, because
    // something in use lies among it, is not tried again and again. Threads that allocate meanwhile may wait.
    void give_back() {
        constexpr std::size_t worth_it = std::size_t{32} << 20;
        auto const now = ::mallinfo2().fordblks;
        known_ = std::min(known_, now);
        if (now - known_ < worth_it)
            return;
        ::malloc_trim(0);
        known_ = now; // malloc counts it as free still
    }

private:
    std::size_t known_ = 0; // bytes that were free already
};

} // namespace proxy
