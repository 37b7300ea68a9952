// What the index knows about one piece of content.
#pragma once

#include "oci/digest.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace store {

// The numbers of these enums are written to disk: never change them.
enum class object_kind : std::uint8_t { unknown = 0, manifest = 1, config = 2, layer = 3, cache_blob = 4 };
enum class object_origin : std::uint8_t { pull = 0, push = 1 };
inline constexpr std::size_t object_kind_count = 5;
inline constexpr std::size_t object_origin_count = 2;
enum class object_place : std::uint8_t { row = 0, file = 1 }; // inside RocksDB, or a file of its own

std::string_view to_string(object_kind k) noexcept;   // as policies spell it: "oci.manifest", …, "cache.blob"
std::string_view to_string(object_origin o) noexcept; // "pull", "push"

// What content is of which `known` was said before and `said` now. Whoever names it once more takes no protection from
// it: only what nobody described, or a build cache had alone, becomes something else.
object_kind settled_kind(object_kind known, object_kind said) noexcept;

struct object {
    std::uint64_t size = 0;       // bytes of content
    std::uint64_t disk_bytes = 0; // what it takes on disk: st_blocks * 512 of a file, the size of a row
    std::int64_t stored_at = 0;   // Unix seconds
    object_kind kind = object_kind::unknown;
    object_origin origin = object_origin::pull;
    object_place place = object_place::file;
    std::string media_type; // of manifests; empty for blobs
};

} // namespace store
