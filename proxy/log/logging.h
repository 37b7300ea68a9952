// Where log lines go, and how they look: standard error or a file, text or one JSON object a line.
#pragma once

#include "proxy/config/config.h"

#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace proxy {

// Makes the default logger (levels, time, message) and the one that access_log writes whole blocks to. Called once,
// before the first log line; throws spdlog::spdlog_ex if the file cannot be opened: a start-up error.
void start_logging(log_config const& c);

// The logger for finished access lines; null before start_logging.
std::shared_ptr<spdlog::logger> access_logger();

// `text` as it may stand between the quotes of a JSON string or of a text line: quotes, backslashes and control bytes
// escaped, bytes that are not UTF-8 replaced, so that nobody outside can forge a line. At most `most` bytes of input.
void append_escaped(std::string& to, std::string_view text, std::size_t most);

} // namespace proxy
