// Statistics over time, as rows of the index. What their values say is the proxy's business: here they are bytes by
// resolution, time, dimension and name, in that order, so that what has become too old lies together.
//
// All members may be called from any thread, and block.
#pragma once

#include "store/error.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace store {

struct core;

struct series_key {
    std::uint8_t resolution = 0;
    std::int64_t time = 0; // Unix seconds, where the interval begins; not below 0
    std::uint8_t dimension = 0;
    std::string name; // any bytes

    friend bool operator==(series_key const&, series_key const&) = default;
};

struct series_row {
    series_key key;
    std::string value;
};

class series_table {
public:
    explicit series_table(core& c) noexcept : core_(c) {} // of a content_store, whose member it is
    series_table(series_table const&) = delete;
    series_table& operator=(series_table const&) = delete;

    // All of them or none; a row of the same key is replaced. Survives the end of the process, not always that of the
    // machine.
    result<void> write(std::span<series_row const> rows);

    // The rows of one dimension in [from, to), by time, then name; until `visit` says false. One seek for each interval
    // of `step` seconds, and none for times at which nothing was written.
    using visitor = std::function<bool(std::int64_t time, std::string_view name, std::string_view value)>;
    result<void> scan(std::uint8_t resolution, std::uint8_t dimension, std::int64_t from, std::int64_t to,
                      visitor const& visit) const;

    // At most `limit` rows, the oldest; how many there were.
    result<std::size_t> remove_before(std::uint8_t resolution, std::int64_t time, std::size_t limit);
    // Gives the room of removed rows back to the disk; for as long as that takes.
    result<void> compact();

    // What the rows of a resolution take on disk, about; new ones that are in memory alone are not in it.
    std::uint64_t disk_bytes(std::uint8_t resolution) const;
    // The time of the first row at or after `from`, and of the last of all; nothing without any.
    result<std::optional<std::int64_t>> first(std::uint8_t resolution, std::int64_t from = 0) const;
    result<std::optional<std::int64_t>> last(std::uint8_t resolution) const;

private:
    core& core_;
};

// Keys, for those that check the index.
std::string encode_series_key(series_key const& k);
bool is_series_key(std::string_view key) noexcept;

} // namespace store
