// Sets spdlog up for this program: one sink, standard error or a file, with lines that cannot be forged.
#pragma once

#include "proxy/config/config.h"

#include <cstdint>

namespace proxy {

// Makes the default logger, and the one that blocks of access lines go through. A file that cannot be opened is
// said on standard error, and all goes there: the mirror is worth more than its log. Call once, before the threads
// start.
void start_logging(log_config const& c);

// Writes what waits to be written, however long that takes. Nothing can be logged any more.
void end_logging();

// Changes the level of the messages. Any thread.
void set_log_level(std::string const& level);

// Blocks of access lines that were dropped because the sink did not keep up.
std::uint64_t lost_access_blocks() noexcept;

} // namespace proxy
