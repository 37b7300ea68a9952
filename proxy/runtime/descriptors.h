// How many files and sockets this process may have open.
#pragma once

#include <cstdint>

namespace proxy {

// Raises the soft limit as far as this process may, and gives back what it is now. It is mostly 1,024, for the sake of
// programs that use select(); a busy cache needs one for each connection and one for each file being sent.
std::uint64_t raise_descriptor_limit();

} // namespace proxy
