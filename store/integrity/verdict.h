// What is done about an object that was read: it is dropped, or believed. Each under the digest's write lock, and
// only if the object is still the one that was read.
#pragma once

#include "store/core.h"
#include "store/integrity/scrubber.h"

#include <cstdint>
#include <optional>
#include <span>
#include <sys/stat.h>

namespace store {

// Row first, then the file into quarantine. `file` is what was read, if there was one. Nothing: the object was
// replaced or removed meanwhile, or is in order after all.
result<std::optional<scrub_finding>> condemn(core& c, scrub_finding const& f, std::optional<struct stat> const& file);

// The file has these sums and is what its digest says.
result<void> rewrite_sums(core& c, oci::digest const& d, struct stat const& file, std::span<std::uint64_t const> sums);

// See epoch.h: a suspect object that was read and is right is none any more.
result<void> settle(core& c, oci::digest const& d, object_row const& row);

} // namespace store
