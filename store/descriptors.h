// Who goes without when the process has nearly as many files and sockets open as it may: new connections first, then
// content, and the index never. RocksDB that cannot open a file once takes no write any more until it is opened anew;
// content that cannot be opened is asked for again.
#pragma once

#include <algorithm>
#include <sys/resource.h>

namespace store {

enum class descriptor_use : unsigned { content = 1, connection = 2 };

// Whether a descriptor just opened for that is one that the others need. Numbers are given out from below, so each of
// them is left the last 64, or the last quarter of a tight limit.
inline bool is_one_too_many(int fd, descriptor_use what) noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return false;
    auto const kept = std::min<rlim_t>(64, limit.rlim_cur / 4) * static_cast<unsigned>(what);
    return static_cast<rlim_t>(fd) >= limit.rlim_cur - kept;
}

} // namespace store
