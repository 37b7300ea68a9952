// What was removed, or would be, and why.
#pragma once

#include "oci/digest.h"
#include "store/object.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace store {

enum class gc_reason : std::uint8_t { keep_storage, min_free_space, policy, purge, unreferenced };
inline constexpr std::size_t gc_reason_count = 5;

std::string_view to_string(gc_reason r) noexcept; // "keep_storage", …

struct gc_item {
    oci::digest digest;
    std::uint64_t disk_bytes = 0; // what its going frees
    object_kind kind = object_kind::unknown;
    object_origin origin = object_origin::pull;
    std::int64_t last_used = 0;
    gc_reason reason = gc_reason::keep_storage;
    std::string why; // the rule's name, or what it exceeds
};

struct gc_sum {
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0; // on disk

    gc_sum& operator+=(gc_sum const& other) noexcept {
        objects += other.objects;
        bytes += other.bytes;
        return *this;
    }
    friend bool operator==(gc_sum const&, gc_sum const&) = default;
};

// What is here, by origin, then by kind.
using contents_by_kind = std::array<std::array<gc_sum, object_kind_count>, object_origin_count>;

struct gc_report {
    static constexpr std::size_t items_max = 10'000;

    bool dry_run = false;
    std::vector<gc_item> items; // the first items_max
    std::array<gc_sum, gc_reason_count> by_reason;
    std::uint64_t kept_in_use = 0; // objects that should have gone, but are being read or could not be removed
    std::string error;             // why it ended early, if it did

    gc_sum total() const noexcept;
    gc_report& operator+=(gc_report other);
};

// Since the store was opened, by reason; what eviction for a transfer took is in here too.
struct gc_counters {
    std::array<std::atomic<std::uint64_t>, gc_reason_count> objects{};
    std::array<std::atomic<std::uint64_t>, gc_reason_count> bytes{};

    void count(gc_reason r, gc_sum const& freed) noexcept {
        objects[static_cast<std::size_t>(r)].fetch_add(freed.objects, std::memory_order_relaxed);
        bytes[static_cast<std::size_t>(r)].fetch_add(freed.bytes, std::memory_order_relaxed);
    }
};

} // namespace store
