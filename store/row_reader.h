// One row of the index, decoded.
#pragma once

#include "store/core.h"

#include <optional>
#include <string_view>

namespace store {

// Empty if there is none; corrupt, in words that name `what`, if it cannot be read.
template <class T>
result<std::optional<T>> find_row(core const& c, family f, std::string_view key, access a,
                                  std::optional<T> (*decode)(std::string_view), std::string_view what) {
    rocksdb::PinnableSlice value;
    auto const found = c.db->get(f, key, a, value);
    if (!found)
        return found.error();
    if (!*found)
        return std::optional<T>();
    auto row = decode(value.ToStringView());
    if (!row)
        return corrupt_row(what);
    return row;
}

} // namespace store
