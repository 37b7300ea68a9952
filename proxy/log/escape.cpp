#include "proxy/log/escape.h"

#include <array>

namespace proxy {
namespace {

// Looked up, not compared: this loop sees every byte of every access line.
constexpr std::array<bool, 256> passes = [] {
    std::array<bool, 256> table{};
    for (unsigned c = 0x20; c < 0x7f; ++c)
        table[c] = c != '"' && c != '\\';
    return table;
}();

void append_escape(fmt::memory_buffer& to, char c, escape_style style) {
    constexpr std::string_view digits = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        to.push_back('\\');
        to.push_back(c);
        return;
    }
    constexpr std::string_view text = "\\x", json = "\\u00";
    auto const lead = style == escape_style::text ? text : json;
    to.append(lead.data(), lead.data() + lead.size());
    auto const byte = static_cast<unsigned char>(c);
    to.push_back(digits[byte >> 4]);
    to.push_back(digits[byte & 15]);
}

} // namespace

void append_escaped(fmt::memory_buffer& to, std::string_view text, escape_style style, std::size_t max_bytes) {
    bool const cut = text.size() > max_bytes;
    text = text.substr(0, max_bytes);
    // Almost every text passes as it is: find the runs that do, and copy each at once.
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (passes[static_cast<unsigned char>(text[i])])
            continue;
        to.append(text.data() + start, text.data() + i);
        append_escape(to, text[i], style);
        start = i + 1;
    }
    to.append(text.data() + start, text.data() + text.size());
    constexpr std::string_view dots = "...";
    if (cut)
        to.append(dots.data(), dots.data() + dots.size());
}

} // namespace proxy
