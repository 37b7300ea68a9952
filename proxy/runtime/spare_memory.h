// What a flood made malloc take of the system, and it keeps when that is over.
#pragma once

#include <cstddef>
#include <limits>

namespace proxy {

// Large blocks go back to the system as soon as they are free: by itself malloc begins to keep them once a few have
// been, in the arena of each thread that had one. Before there are threads.
void give_back_large_blocks();

// One thread at a time.
class spare_memory {
public:
    // Gives back what has become free, if that is much: what cannot be given back, because something in use lies among
    // it, is not tried again and again. Threads that allocate meanwhile may wait. Reads /proc; without it, does
    // nothing.
    void give_back();

private:
    static constexpr std::size_t worth_it = std::size_t{16} << 20;

    std::size_t floor_ = std::numeric_limits<std::size_t>::max(); // bytes resident and not in use, at the least
};

} // namespace proxy
