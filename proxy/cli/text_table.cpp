#include "proxy/cli/text_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace proxy {

std::string text_table::text() const {
    std::vector<std::size_t> widths;
    for (auto const& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }
    std::string out;
    for (auto const& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            auto const cell = i == 0 || i >= words_from_ ? fmt::format("{:<{}}", row[i], widths[i])
                                                         : fmt::format("{:>{}}", row[i], widths[i]);
            line += (i == 0 ? "" : "  ") + cell;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + '\n';
    }
    return out;
}

std::string printable(std::string_view text, std::size_t max) {
    std::string out(text.substr(0, max));
    for (auto& c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            c = '?';
    }
    return out;
}

} // namespace proxy
