#include "proxy/config/near_name.h"

#include <algorithm>
#include <numeric>

namespace proxy {
namespace {

// Levenshtein distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t(0));
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            auto const above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
            diagonal = above;
        }
    }
    return row[b.size()];
}

} // namespace

std::string_view near_name(std::string_view given, std::vector<std::string> const& known) {
    if (given.size() > 64)
        return {};
    std::string_view best;
    // Two letters swapped are two edits: allowed from four letters on, where they are still most of the word.
    auto best_distance = (given.size() < 4 ? 1 : std::max<std::size_t>(2, given.size() / 3)) + 1;
    for (auto const& name : known) {
        auto const d = distance(given, name);
        if (d < best_distance) {
            best = name;
            best_distance = d;
        }
    }
    return best;
}

} // namespace proxy
