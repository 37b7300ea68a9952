// A file of secrets or keys, read whole.
#pragma once

#include "proxy/error.h"

#include <cstddef>
#include <filesystem>
#include <string>

namespace proxy {

// Blocks. An error names the file and says what is wrong: it cannot be read, or is larger than `max_size`.
result<std::string> read_small_file(std::filesystem::path const& file, std::size_t max_size);

} // namespace proxy
