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

// Shares of the space, and of the layers' pool how much is for layers that nobody has asked for again. Measured with
// layerd-replay at 5 % of the footprint, mean of four seeds, misses relative to LRU as requests/bytes:
//
//                    as it is      small .02    small .10    build_cache .05  .20          probation .10  .50
//   registry         .663/.936     .688/.933    .656/.940    .662/.930        .668/.954    .663/.937      .668/.954
//   ci               .827/.965     .838/.964    .824/.967    .828/.969        .828/.967    .829/.974      .827/.964
struct pool_options {
    double small = 0.05;
    double build_cache = 0.10;
    double probation = 0.25;

    double share(pool p) const noexcept;
};

// Thread safety, meaning of the members: eviction_policy.
class eviction_pools {
public:
    // `entries` is the caller's table and must outlive this.
    eviction_pools(eviction_entries& entries, std::uint64_t capacity, pool_options const& options = {});
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
        std::uint64_t spared = 0; // since something went
        double target = 0;        // bytes
    };
    one& enter(entry_id id, pool p);

    eviction_entries& entries_;
    pool_options options_;
    std::array<one, pool_count> pools_;
};

} // namespace store
