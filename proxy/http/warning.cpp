#include "proxy/http/warning.h"

namespace proxy {

std::string warning_value(std::string_view text) {
    constexpr std::size_t most = 1024;
    std::string value = "299 - \"";
    for (char c : text.substr(0, most)) {
        if (c == '"' || c == '\\')
            value += '\'';
        else
            value += c >= ' ' && c < '\x7f' ? c : '?';
    }
    return value + '"';
}

} // namespace proxy
