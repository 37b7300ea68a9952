// How a check takes its input apart.
#pragma once

#include "oci/charset.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace fuzz {

// The first line, and all behind it.
inline std::pair<std::string_view, std::string_view> split_line(std::string_view input) {
    auto const end = std::min(input.find('\n'), input.size());
    return {input.substr(0, end), input.substr(std::min(end + 1, input.size()))};
}

// The first byte as a number, 0 if there is none, and all behind it.
inline std::pair<unsigned, std::string_view> split_byte(std::string_view input) {
    if (input.empty())
        return {0, input};
    return {static_cast<unsigned char>(input.front()), input.substr(1)};
}

inline std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), oci::charset::to_lower);
    return out;
}

} // namespace fuzz
