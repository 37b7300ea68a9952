// What a flood made malloc take of the system, and it keeps when that is over.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <cstddef>

namespace proxy {

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
