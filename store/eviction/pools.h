// Three pools, each with the policy that its objects ask for, and a share of the space:
//
//   small objects, up to 1 MiB      GDSF     5 %   most requests, hardly any bytes
//   build-cache blobs               LRU     10 %   mostly written once and never read
//   layers                          S3-FIFO  the rest
//
// The shares are of what all pools may hold together. A pool may use what the others leave free; when something has to
// go, it goes from the pool that is furthest above its share.
#pragma once

#include "store/eviction/policy.h"
#include "store/object.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace store {

enum class pool : std::uint8_t { small, build_cache, layers };
inline constexpr std::size_t pool_count = 3;

std::string_view to_string(pool p) noexcept;

// By content size, not by what the disk holds.
pool pool_of(object_kind kind, std::uint64_t size) noexcept;

// Thread safety, meaning of the members: eviction_policy.
class eviction_pools {
public:
    // `entries` is the caller's table and must outlive this.
    eviction_pools(eviction_entries& entries, std::uint64_t capacity);
    ~eviction_pools();

    // What all pools together may hold, in bytes on disk. Nothing goes by this call: shares follow.
    void set_capacity(std::uint64_t bytes);

    void admit(entry_id id, pool p, std::uint64_t fingerprint); // entries[id].bytes is set
    void restore(entry_id id, pool p, bool used_again);
    void touch(entry_id id);
    void remove(entry_id id, std::uint64_t fingerprint, bool evicted);
    std::optional<entry_id> victim(); // whether or not the capacity is passed; none: nothing is left
    void spare(entry_id id);

    std::uint64_t bytes(pool p) const noexcept;
    std::uint64_t bytes() const noexcept; // of all
    std::uint64_t count(pool p) const noexcept;

private:
    struct one {
        std::unique_ptr<eviction_policy> policy;
        std::uint64_t bytes = 0;
        std::uint64_t count = 0;
    };
    eviction_entries& entries_;
    std::uint64_t capacity_;
    std::array<one, pool_count> pools_;
};

} // namespace store
