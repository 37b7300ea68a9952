#include "proxy/runtime/small_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace proxy {

result<std::string> read_small_file(std::filesystem::path const& file, std::size_t max_size) {
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    std::string text(max_size + 1, '\0'); // one byte more tells a large file from one that just fits
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad() || (!in && !in.eof()))
        return internal_error(fmt::format("cannot read {}: {}", file.string(), std::strerror(errno)));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > max_size)
        return internal_error(fmt::format("cannot use {}: it is larger than {} bytes", file.string(), max_size));
    return text;
}

} // namespace proxy
