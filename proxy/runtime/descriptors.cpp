#include "proxy/runtime/descriptors.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <sys/resource.h>

namespace proxy {

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return 0;
    auto const before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (before != limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &limit) == -1) {
        spdlog::debug("open files: {} at most, and no more can be had: {}", before, std::strerror(errno));
        return before;
    }
    spdlog::debug("open files: {} at most, {} before", limit.rlim_cur, before);
    return limit.rlim_cur;
}

} // namespace proxy
