// Text of strangers inside a line of a log: whatever it holds, it can neither end the line nor leave its quotes.
//
// Printable ASCII passes, except the quote and the backslash, which get a backslash before them. Every other byte
// becomes an escape of its own, also bytes of valid UTF-8: what looks like a letter may turn the line around.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string_view>

namespace proxy {

enum class escape_style : unsigned char {
    text, // \x0a
    json  // \u000a: a JSON string; a byte above 0x7f is written as the code point of the same number
};

// Appends at most `max_bytes` of `text`, with "..." behind them if that is not all.
void append_escaped(fmt::memory_buffer& to, std::string_view text, escape_style style, std::size_t max_bytes);

} // namespace proxy
