// The rows of objects: what they say, the bytes of small ones, the block sums of large ones.
//
// Reading takes no lock. Whoever writes holds the digest's write lock and has read the row under it.
#pragma once

#include "store/core.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace store {

result<std::optional<object_row>> find_object(core const& c, oci::digest const& d, access a);

// The bytes of an object whose place is `row`.
result<std::shared_ptr<std::string const>> find_small(core const& c, oci::digest const& d, access a); // or null

// Empty if none were recorded.
result<std::vector<std::uint64_t>> find_sums(core const& c, oci::digest const& d);

result<std::uint64_t> count_links(core const& c, oci::digest const& d);

// What an object with so many links adds to the running sums.
totals sums_of(object_row const& row, std::uint64_t links);

// What goes with the row: the content of a small object, or the sums of a large one.
struct object_content {
    std::string_view bytes;
    std::span<std::uint64_t const> sums;
};

result<void> put_object(core& c, oci::digest const& d, std::optional<object_row> const& before, object_row const& row,
                        object_content const& content, write_sync sync);

// Replaces what the row says and leaves the content alone.
result<void> update_object(core& c, oci::digest const& d, object_row const& row, write_sync sync);

// Erases an object's rows with the batch that the caller writes. A file is put into the trash by the same batch.
result<void> stage_erasure(core& c, database::batch& b, oci::digest const& d, object_row const& row);

} // namespace store
