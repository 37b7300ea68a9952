#include "proxy/runtime/spare_memory.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace proxy {

namespace {

// Bytes of this process in memory that no file has; 0 if the system does not say. proc(5), statm.
std::size_t resident() {
    std::ifstream statm("/proc/self/statm");
    std::size_t all = 0;
    std::size_t pages = 0;
    std::size_t of_files = 0;
    if (!(statm >> all >> pages >> of_files) || of_files > pages)
        return 0;
    return (pages - of_files) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// What malloc counts as free says little: it does not know which of its pages it has given back already.
std::size_t unused() {
    auto const now = ::mallinfo2();
    auto const used = now.uordblks + now.hblkhd;
    auto const taken = resident();
    return taken > used ? taken - used : 0;
}

} // namespace

void give_back_large_blocks() {
    ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

void spare_memory::give_back() {
    auto const now = unused();
    floor_ = std::min(floor_, now);
    if (now - floor_ < worth_it)
        return;
    ::malloc_trim(0);
    floor_ = unused();
}

} // namespace proxy
