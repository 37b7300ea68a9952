// Lines moved to the right, as a block of YAML wants them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace proxy {

// Each line of `text`, the last one too, ends with a line feed. Empty lines stay empty.
inline std::string indented(std::string_view text, std::size_t by) {
    std::string out;
    while (!text.empty()) {
        auto const line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
        out.append(line == "\n" ? 0 : by, ' ').append(line);
        text.remove_prefix(line.size());
    }
    return out;
}

} // namespace proxy
