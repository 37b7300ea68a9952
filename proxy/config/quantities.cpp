// Sizes and durations as people write them, and back.
//
// Sizes are powers of 1024 whatever the spelling, as in buildkitd.toml: "20GB", "20GiB" and "20g" are the same.
#include "proxy/config/config.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace proxy {
namespace {

struct number {
    double value = 0;
    std::uint64_t whole = 0;
    bool fraction = false;
};

// Takes digits with at most one decimal point off the front of `text`.
std::optional<number> take_number(std::string_view& text) {
    number n;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n.whole);
    if (ec != std::errc{})
        return std::nullopt;
    auto used = static_cast<std::size_t>(end - text.data());
    n.value = static_cast<double>(n.whole);
    if (used < text.size() && text[used] == '.') {
        double scale = 0.1;
        auto const first = ++used;
        for (; used < text.size() && text[used] >= '0' && text[used] <= '9'; ++used, scale /= 10)
            n.value += (text[used] - '0') * scale;
        if (used == first)
            return std::nullopt;
        n.fraction = true;
    }
    text.remove_prefix(used);
    return n;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// "", "b", "k", "kb", "kib" and so on up to "p", in any case: the power of 1024, or nothing.
std::optional<unsigned> size_unit(std::string_view text) {
    std::string unit;
    for (char c : text)
        unit += lower(c);
    if (unit.empty() || unit == "b")
        return 0;
    constexpr std::string_view letters = "kmgtp";
    auto const power = letters.find(unit[0]);
    if (power == letters.npos)
        return std::nullopt;
    auto const rest = std::string_view(unit).substr(1);
    if (!rest.empty() && rest != "b" && rest != "ib")
        return std::nullopt;
    return static_cast<unsigned>(power + 1);
}

struct time_unit {
    std::string_view name;
    std::int64_t milliseconds;
};

// Longer names first where one begins with another.
constexpr std::array<time_unit, 6> time_units{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}, {"w", 7 * 86'400'000ll}}};

constexpr std::uint64_t max_milliseconds = 100ull * 366 * 86'400'000; // a hundred years

} // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
    auto const n = take_number(text);
    if (!n)
        return std::nullopt;
    if (text.size() > 1 && text.front() == ' ')
        text.remove_prefix(1);
    auto const power = size_unit(text);
    if (!power || (*power == 0 && n->fraction))
        return std::nullopt;
    auto const factor = 1ull << (10 * *power);
    // Half of the range is more than any disk, and keeps sums of two sizes from wrapping.
    constexpr auto most = std::uint64_t(std::numeric_limits<std::int64_t>::max());
    if (n->whole >= most / factor)
        return std::nullopt;
    return n->fraction ? static_cast<std::uint64_t>(std::llround(n->value * static_cast<double>(factor)))
                       : n->whole * factor;
}

std::optional<size_setting> parse_size_setting(std::string_view text) {
    if (!text.ends_with('%')) {
        auto const bytes = parse_size(text);
        return bytes ? std::optional(size_setting{*bytes, {}}) : std::nullopt;
    }
    text.remove_suffix(1);
    auto const n = take_number(text);
    if (!n || !text.empty() || n->value > 100)
        return std::nullopt;
    return n->value == 0 ? size_setting{} : size_setting{0, n->value};
}

std::optional<std::chrono::milliseconds> parse_milliseconds(std::string_view text) {
    if (text.empty())
        return std::nullopt;
    std::uint64_t sum = 0;
    std::int64_t last_unit = std::numeric_limits<std::int64_t>::max(); // "1h30m", never "30m1h" or "1h1h"
    while (!text.empty()) {
        std::uint64_t count = 0;
        auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
        if (ec != std::errc{})
            return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        time_unit const* unit = nullptr;
        for (auto const& u : time_units)
            if (unit == nullptr && text.starts_with(u.name))
                unit = &u;
        if (unit == nullptr || unit->milliseconds >= last_unit)
            return std::nullopt;
        text.remove_prefix(unit->name.size());
        last_unit = unit->milliseconds;
        auto const factor = static_cast<std::uint64_t>(unit->milliseconds);
        if (count > max_milliseconds / factor)
            return std::nullopt;
        sum += count * factor;
    }
    if (sum > max_milliseconds)
        return std::nullopt;
    return std::chrono::milliseconds(sum);
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
    auto const ms = parse_milliseconds(text);
    if (!ms || ms->count() % 1000 != 0)
        return std::nullopt;
    return std::chrono::duration_cast<std::chrono::seconds>(*ms);
}

std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text) {
    auto const digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : -1; };
    if (text.size() != 5 || text[2] != ':' || digit(0) < 0 || digit(1) < 0 || digit(3) < 0 || digit(4) < 0)
        return std::nullopt;
    auto const hours = 10 * digit(0) + digit(1), minutes = 10 * digit(3) + digit(4);
    if (hours > 23 || minutes > 59)
        return std::nullopt;
    return std::chrono::minutes(60 * hours + minutes);
}

std::uint64_t size_setting::of_disk(std::uint64_t disk_bytes) const noexcept {
    return percent ? static_cast<std::uint64_t>(static_cast<double>(disk_bytes) * (*percent / 100)) : bytes;
}

std::string to_string(size_setting const& s) {
    if (s.percent)
        return fmt::format("{:g}%", *s.percent);
    // The largest unit that says it exactly.
    constexpr std::array<std::string_view, 6> names{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    auto value = s.bytes;
    std::size_t power = 0;
    for (; value != 0 && value % 1024 == 0 && power + 1 < names.size(); ++power)
        value /= 1024;
    return fmt::format("{}{}", value, names[power]);
}

std::string to_string(std::chrono::milliseconds d) {
    for (auto const* unit = &time_units[4]; unit > &time_units[0]; --unit)
        if (d.count() >= unit->milliseconds && d.count() % unit->milliseconds == 0)
            return fmt::format("{}{}", d.count() / unit->milliseconds, unit->name);
    return d.count() == 0 ? "0s" : fmt::format("{}ms", d.count());
}

} // namespace proxy
