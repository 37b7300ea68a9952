// Columns of text, lined up: the first to the left, the numbers after it to the right.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

class text_table {
public:
    // Columns from `words_from` on hold words: to the left again.
    explicit text_table(std::size_t words_from = std::numeric_limits<std::size_t>::max()) : words_from_(words_from) {}

    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    std::string text() const; // a line for each row

private:
    std::size_t words_from_;
    std::vector<std::vector<std::string>> rows_;
};

// What a server says, cut short, and with nothing in it that could move the terminal's cursor.
std::string printable(std::string_view text, std::size_t max = 100);

} // namespace proxy
