// The tables of a document, for tests that hold it against the code.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace tests {

inline std::string trimmed(std::string const& text) {
    auto const from = text.find_first_not_of(' ');
    return from == text.npos ? std::string() : text.substr(from, text.find_last_not_of(' ') + 1 - from);
}

// Of every line that is a table's row, its cells; heads and rules below them too.
inline std::vector<std::vector<std::string>> markdown_rows(std::filesystem::path const& file) {
    std::ifstream in(file);
    std::vector<std::vector<std::string>> rows;
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with("| "))
            continue;
        auto& cells = rows.emplace_back();
        for (std::size_t at = 1, end = 0; (end = line.find('|', at)) != line.npos; at = end + 1)
            cells.push_back(trimmed(line.substr(at, end - at)));
    }
    return rows;
}

} // namespace tests
