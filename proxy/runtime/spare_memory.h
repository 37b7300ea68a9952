// What a flood made malloc take of the system, and it keeps when that is over.
#pragma once

#include <malloc.h>

#include <cstddef>

namespace proxy {

// Gives it back where it is worth that. Threads that allocate meanwhile may wait for some milliseconds.
inline void give_back_spare_memory() {
    constexpr std::size_t worth_it = std::size_t{32} << 20;
    if (::mallinfo2().fordblks >= worth_it)
        ::malloc_trim(0);
}

} // namespace proxy
