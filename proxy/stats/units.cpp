#include "proxy/stats/units.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace proxy {

std::string human_bytes(std::int64_t bytes) {
    constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (std::abs(value) >= 1024 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string grouped(std::int64_t n) {
    auto text = std::to_string(n);
    auto const first = n < 0 ? 1u : 0u;
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > static_cast<std::ptrdiff_t>(first); at -= 3)
        text.insert(static_cast<std::size_t>(at), 1, ',');
    return text;
}

std::string percent(double ratio) {
    return fmt::format("{:.1f} %", 100 * ratio);
}

std::string human_duration(std::int64_t seconds) {
    if (seconds >= 86400)
        return fmt::format("{}d {}h", seconds / 86400, seconds / 3600 % 24);
    if (seconds >= 3600)
        return fmt::format("{}h {}m", seconds / 3600, seconds / 60 % 60);
    return seconds >= 60 ? fmt::format("{}m {}s", seconds / 60, seconds % 60) : fmt::format("{}s", seconds);
}

} // namespace proxy
