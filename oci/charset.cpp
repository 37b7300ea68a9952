// The one piece of charset.h that is not a table.
#include "oci/charset.h"

namespace oci::charset {

std::string quoted(std::string_view text) {
    constexpr std::size_t max_shown = 100;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (char c : text.substr(0, max_shown)) {
        auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte > 0x7e) {
            out += "\\x";
            out += digits[byte >> 4];
            out += digits[byte & 15];
        } else {
            if (c == '"' || c == '\\')
                out += '\\';
            out += c;
        }
    }
    out += text.size() > max_shown ? "…\"" : "\"";
    return out;
}

} // namespace oci::charset
