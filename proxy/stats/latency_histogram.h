// How long things took, in buckets that grow by a third to a half: quantiles right to a few per cent from 48 counts
// that can be added up over threads, minutes and years.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace proxy {

class latency_histogram {
public:
    // Two buckets for each power of two from 64 µs up; the last, from 9 minutes, takes the rest.
    static constexpr std::size_t bucket_count = 48;

    static std::size_t bucket_of(std::chrono::nanoseconds d) noexcept {
        auto const us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
        auto const units = us < 0 ? 0 : static_cast<std::uint64_t>(us) / unit_us;
        if (units < 2)
            return 0;
        auto const octave = static_cast<std::size_t>(std::bit_width(units)) - 2;
        return std::min(1 + 2 * octave + ((units >> octave) & 1), bucket_count - 1);
    }

    // Where a bucket begins, in seconds; it ends where the next begins.
    static double lower_bound(std::size_t bucket) noexcept {
        if (bucket == 0)
            return 0;
        auto const units = static_cast<double>((2 + (bucket - 1) % 2) << ((bucket - 1) / 2));
        return units * unit_us / 1e6;
    }

    void add(std::chrono::nanoseconds d) noexcept { ++counts[bucket_of(d)]; }

    std::uint64_t total() const noexcept {
        std::uint64_t n = 0;
        for (auto const c : counts)
            n += c;
        return n;
    }

    // In seconds, taking a bucket's entries to lie evenly in it; nothing without entries. `q` from 0 to 1.
    std::optional<double> quantile(double q) const noexcept {
        auto const rank = q * static_cast<double>(total());
        double before = 0;
        for (std::size_t i = 0; i < bucket_count; ++i) {
            auto const n = static_cast<double>(counts[i]);
            if (n > 0 && before + n >= rank) {
                auto const from = lower_bound(i);
                return from + (lower_bound(i + 1) - from) * (rank - before) / n;
            }
            before += n;
        }
        return std::nullopt;
    }

    latency_histogram& operator+=(latency_histogram const& other) noexcept {
        for (std::size_t i = 0; i < bucket_count; ++i)
            counts[i] += other.counts[i];
        return *this;
    }

    friend bool operator==(latency_histogram const&, latency_histogram const&) = default;

    std::array<std::uint64_t, bucket_count> counts{};

private:
    static constexpr std::uint64_t unit_us = 32;
};

} // namespace proxy
