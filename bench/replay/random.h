// Chance that is the same on every machine: the distributions of <random> may differ between libraries.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace replay {

class chance {
public:
    explicit chance(std::uint64_t seed) : engine_(seed) {}

    double fraction() { return static_cast<double>(engine_() >> 11) * 0x1p-53; } // in [0, 1)
    bool happens(double probability) { return fraction() < probability; }
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(fraction() * static_cast<double>(n)); }
    double between(double low, double high) { return low + fraction() * (high - low); }

    double normal() {
        return std::sqrt(-2 * std::log(1 - fraction())) * std::cos(2 * 3.14159265358979323846 * fraction());
    }

    // 0, 1, 2, …, each half as probable as the one before if `again` is 0.5.
    std::size_t times(double again) { return static_cast<std::size_t>(std::log(1 - fraction()) / std::log(again)); }

private:
    std::mt19937_64 engine_;
};

// Ranks from 0, the first the most probable: the n-th has the weight n^-alpha.
class zipf {
public:
    zipf(std::size_t n, double alpha) : sums_(n) {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i)
            sums_[i] = sum += std::pow(static_cast<double>(i + 1), -alpha);
    }

    std::size_t operator()(chance& c) const {
        auto const at = std::upper_bound(sums_.begin(), sums_.end(), c.fraction() * sums_.back());
        return std::min(static_cast<std::size_t>(at - sums_.begin()), sums_.size() - 1);
    }

private:
    std::vector<double> sums_;
};

} // namespace replay
