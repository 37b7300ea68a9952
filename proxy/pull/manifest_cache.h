// The manifests that one worker served last, ready to be sent: the answer to most requests of a busy mirror.
//
// One per worker, so no lock. An entry holds what the store said at one generation of its index; when that number
// moves (something was removed, a tag changed) the entry is not believed and the store is asked again.
#pragma once

#include "proxy/pull/served_manifest.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace proxy {

struct cached_manifest {
    static constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();

    std::shared_ptr<served_manifest const> manifest;
    std::uint64_t generation = 0;
    std::int64_t checked_at = 0;        // of a tag: when upstream last said so
    std::int64_t fresh_until = forever; // of a tag: checked_at + its ttl
};

class manifest_cache {
public:
    static constexpr std::size_t max_entries = 4096;
    static constexpr std::size_t max_bytes = 8 * 1024 * 1024;

    // The entry of repository and reference, if it may be served now; valid until the next call of anything here.
    cached_manifest const* find(std::string_view repository, std::string_view reference, std::uint64_t generation,
                                std::int64_t now);

    // One that is in a file, or holds a place, is not kept.
    void put(std::string_view repository, std::string_view reference, cached_manifest entry);

private:
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>{}(key); }
    };
    std::string_view key(std::string_view repository, std::string_view reference);

    std::unordered_map<std::string, cached_manifest, hash, std::equal_to<>> entries_;
    std::size_t bytes_ = 0;
    std::string key_; // reused
};

} // namespace proxy
