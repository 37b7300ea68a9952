// What the store holds at one moment, as a row of the statistics.
#pragma once

#include "store/content_store.h"

#include <optional>
#include <string>
#include <string_view>

namespace proxy {

struct storage_sample {
    std::uint64_t disk_bytes = 0, limit_bytes = 0, objects = 0, content_bytes = 0, logical_bytes = 0;
    std::array<store::gc_sum, store::pool_count> pools;
    store::contents_by_kind contents;

    friend bool operator==(storage_sample const&, storage_sample const&) = default;
};

storage_sample sample_of(store::usage const& u);

std::string encode(storage_sample const& s);
// A newer version's fields are skipped, an older one's are zero.
std::optional<storage_sample> decode_storage_sample(std::string_view bytes);

} // namespace proxy
