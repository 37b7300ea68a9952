// Traffic told apart: all of it, and the same again by upstream, by repository and by group of clients.
#pragma once

#include "proxy/stats/traffic.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace proxy {

// By what traffic is told apart. The numbers are on people's disks.
enum class dimension : std::uint8_t { all = 0, upstream = 1, repository = 2, client = 3 };
inline constexpr std::size_t dimension_count = 4;
std::string_view to_string(dimension d) noexcept; // "all", "upstream", …
std::optional<dimension> dimension_of(std::string_view name) noexcept;

// Names come from requests, so there may be any number of them: what finds no place any more is "other", together.
class traffic_by_name {
public:
    static constexpr std::string_view other = "other";

    explicit traffic_by_name(std::size_t most = 4096) : most_(most) {}

    traffic& operator[](std::string_view name);
    void add(traffic_by_name const& more);
    // Leaves those with the most requests, and of as many the most bytes; the rest becomes "other". `n` does not count
    // that one.
    void keep_top(std::size_t n);

    bool empty() const noexcept { return names_.empty(); }
    std::size_t size() const noexcept { return names_.size(); }
    auto begin() const noexcept { return names_.begin(); }
    auto end() const noexcept { return names_.end(); }

private:
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>()(s); }
    };

    std::size_t most_;
    std::unordered_map<std::string, traffic, hash, std::equal_to<>> names_;
};

struct traffic_parts {
    std::array<traffic_by_name, dimension_count> by; // all: under the empty name

    traffic_by_name& of(dimension d) noexcept { return by[static_cast<std::size_t>(d)]; }
    traffic_by_name const& of(dimension d) const noexcept { return by[static_cast<std::size_t>(d)]; }
    traffic& all() { return of(dimension::all)[""]; }

    bool empty() const noexcept;
    traffic_parts& operator+=(traffic_parts const& more);
};

} // namespace proxy
