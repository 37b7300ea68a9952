// The section [gc] in the store's terms: sizes in bytes, filters parsed.
#pragma once

#include "proxy/config/config.h"
#include "store/content_store.h"
#include "store/eviction/gc_rule.h"
#include "store/space.h"

#include <cstdint>
#include <vector>

namespace proxy {

// On a disk of so many bytes. With enabled = false there is no limit but the disk, and no rule.
store::space_limits limits_of(gc_config const& c, std::uint64_t disk_bytes);
std::vector<store::gc_rule> rules_of(gc_config const& c, std::uint64_t disk_bytes);

// What is hosted and what is mirrored, and the bounds of [hosted].
store::hosted_rules hosted_rules_of(config const& c, std::uint64_t disk_bytes);

// Of the file system that holds the folder; 0 if that cannot be found out.
std::uint64_t disk_bytes_of(std::filesystem::path const& folder);

} // namespace proxy
