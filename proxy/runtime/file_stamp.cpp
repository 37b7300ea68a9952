#include "proxy/runtime/file_stamp.h"

#include <sys/stat.h>

namespace proxy {

file_stamp file_stamp::of(std::filesystem::path const& file) noexcept {
    struct stat s {};
    if (::stat(file.c_str(), &s) != 0)
        return {};
    auto const ns = [](timespec const& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; };
    return {s.st_dev, s.st_ino, static_cast<std::uint64_t>(s.st_size), ns(s.st_mtim), ns(s.st_ctim)};
}

} // namespace proxy
