#include "bench/replay/sizes.h"

#include <array>
#include <cmath>

namespace replay {
namespace {

constexpr double mib = 1 << 20;

// Sizes from `low` to `high` have the density x^-(1 + slope): 0 is even over the logarithm. Slopes are those that give
// the published mean of the piece.
struct piece {
    double share, low, high, slope;
};

constexpr std::array pieces{
    piece{0.45, 32, 65536, 0},
    piece{0.20, 65536, 1e6, 0},
    piece{0.15, 1e6, 1e7, 0},
    piece{0.1414, 1e7, 64 * mib, 0},
    piece{0.053, 64 * mib, 256 * mib, 2.05},          // 107 MB in the mean
    piece{0.00511, 256 * mib, 1024 * mib, 1.54},      // 457 MB
    piece{0.00049, 1024 * mib, 8 * 1024 * mib, 1.47}, // 2.2 GB
};

double draw(piece const& p, double u) {
    if (p.slope == 0)
        return p.low * std::pow(p.high / p.low, u);
    auto const low = std::pow(p.low, -p.slope);
    auto const high = std::pow(p.high, -p.slope);
    return std::pow(low - u * (low - high), -1 / p.slope);
}

} // namespace

std::uint64_t layer_size(chance& c) {
    auto left = c.fraction();
    auto const* p = pieces.data();
    while (p != &pieces.back() && left >= p->share)
        left -= p++->share;
    return static_cast<std::uint64_t>(draw(*p, c.fraction()));
}

std::uint64_t manifest_size(chance& c, std::size_t layers) {
    return 400 + layers * 110 + c.below(1200);
}

std::uint64_t config_size(chance& c, std::size_t layers) {
    return 1000 + layers * 400 + c.below(4000);
}

} // namespace replay
