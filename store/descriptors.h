// Who goes without when the process has nearly as many files and sockets open as it may: new connections first, so that
// those that are there can have the content they ask for; then content, and the index last. RocksDB that cannot open a
// file once takes no write any more until it is opened anew; content that cannot be opened is asked for again.
#pragma once

#include <algorithm>
#include <sys/resource.h>

namespace store {

enum class descriptor_use : bool { content, connection };

// Whether a descriptor just opened for that is one that the others need. Numbers are given out from below: the last
// quarter is not for connections, the last 64 (an eighth of a tight limit) not for content either.
inline bool is_one_too_many(int fd, descriptor_use what) noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return false;
    auto const kept =
        what == descriptor_use::connection ? limit.rlim_cur / 4 : std::min<rlim_t>(64, limit.rlim_cur / 8);
    return static_cast<rlim_t>(fd) >= limit.rlim_cur - kept;
}

} // namespace store
