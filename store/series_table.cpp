#include "store/series_table.h"

#include "store/core.h"
#include "store/disk_margin.h"

#include <algorithm>

namespace store {
namespace {

constexpr std::size_t time_bytes = 8;
constexpr std::size_t head_bytes = 1 + time_bytes + 1; // resolution, time, dimension

// Big endian, so that keys sort by time.
void append_time(std::string& to, std::int64_t time) {
    for (int shift = 56; shift >= 0; shift -= 8)
        to.push_back(static_cast<char>(static_cast<std::uint64_t>(time) >> shift));
}

std::int64_t time_of(std::string_view key) noexcept {
    std::uint64_t time = 0;
    for (std::size_t i = 1; i <= time_bytes; ++i)
        time = time << 8 | static_cast<std::uint8_t>(key[i]);
    return static_cast<std::int64_t>(time);
}

std::string prefix(std::uint8_t resolution, std::int64_t time) {
    std::string key(1, static_cast<char>(resolution));
    append_time(key, time);
    return key;
}

std::string prefix(std::uint8_t resolution, std::int64_t time, std::uint8_t dimension) {
    auto key = prefix(resolution, time);
    key.push_back(static_cast<char>(dimension));
    return key;
}

// Where the iterator stands; nothing if that is no row of this resolution.
result<std::optional<std::int64_t>> time_at(rocksdb::Iterator& rows, std::uint8_t resolution) {
    if (!rows.status().ok())
        return error_of_status(rows.status(), "cannot read the statistics");
    if (!rows.Valid() || !is_series_key(rows.key().ToStringView()) ||
        static_cast<std::uint8_t>(rows.key()[0]) != resolution)
        return std::optional<std::int64_t>();
    return std::optional(time_of(rows.key().ToStringView()));
}

} // namespace

std::string encode_series_key(series_key const& k) {
    return prefix(k.resolution, k.time, k.dimension) + k.name;
}

bool is_series_key(std::string_view key) noexcept {
    return key.size() >= head_bytes && time_of(key) >= 0;
}

result<void> series_table::write(std::span<series_row const> rows) {
    if (rows.empty())
        return {};
    database::batch b(*core_.db);
    for (auto const& r : rows)
        b.put(family::series, encode_series_key(r.key), r.value);
    return core_.write(b, write_sync::no);
}

result<void> series_table::scan(std::uint8_t resolution, std::uint8_t dimension, std::int64_t from, std::int64_t to,
                                visitor const& visit) const {
    auto const rows = core_.db->scan(family::series);
    auto seek = prefix(resolution, std::max<std::int64_t>(from, 0), dimension);
    for (rows->Seek(seek); rows->Valid();) {
        auto const key = rows->key().ToStringView();
        if (!is_series_key(key) || static_cast<std::uint8_t>(key[0]) != resolution || time_of(key) >= to)
            break;
        auto const found = static_cast<std::uint8_t>(key[head_bytes - 1]);
        if (found == dimension) {
            if (!visit(time_of(key), key.substr(head_bytes), rows->value().ToStringView()))
                return {};
            rows->Next();
            continue;
        }
        // Over the other dimensions: to ours of this time, or of the next.
        seek = prefix(resolution, found < dimension ? time_of(key) : time_of(key) + 1, dimension);
        rows->Seek(seek);
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the statistics");
    return {};
}

result<std::size_t> series_table::remove_before(std::uint8_t resolution, std::int64_t time, std::size_t limit) {
    auto const rows = core_.db->scan(family::series);
    database::batch b(*core_.db);
    std::size_t n = 0;
    for (rows->Seek(prefix(resolution, 0)); rows->Valid() && n < limit; rows->Next(), ++n) {
        auto const key = rows->key().ToStringView();
        if (!is_series_key(key) || static_cast<std::uint8_t>(key[0]) != resolution || time_of(key) >= time)
            break;
        b.erase(family::series, key);
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot list the statistics");
    if (n == 0)
        return n;
    if (auto written = core_.write(b, write_sync::no, removal_margin_bytes); !written)
        return written.error();
    return n;
}

std::uint64_t series_table::disk_bytes(std::uint8_t resolution) const {
    return core_.db->disk_bytes(family::series, prefix(resolution, 0),
                                prefix(static_cast<std::uint8_t>(resolution + 1), 0));
}

result<void> series_table::compact() {
    return core_.db->compact(family::series);
}

result<std::optional<std::int64_t>> series_table::first(std::uint8_t resolution, std::int64_t from) const {
    auto const rows = core_.db->scan(family::series);
    rows->Seek(prefix(resolution, std::max<std::int64_t>(from, 0)));
    return time_at(*rows, resolution);
}

result<std::optional<std::int64_t>> series_table::last(std::uint8_t resolution) const {
    auto const rows = core_.db->scan(family::series);
    rows->SeekForPrev(prefix(static_cast<std::uint8_t>(resolution + 1), 0));
    return time_at(*rows, resolution);
}

} // namespace store
