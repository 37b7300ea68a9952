// Taking a pushed manifest out of a repository: its link, every tag that means it, its place among the referrers, in
// one batch. The bytes stay.
#pragma once

#include "oci/reference.h"
#include "store/core.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace store {

// The whole of a stored manifest; "" if it is not here. Blocks.
result<std::string> read_manifest(core const& c, oci::digest const& d);

// What the stored manifest names as its subject. It stands in the bytes alone: what cannot be read names none. Blocks.
result<std::optional<oci::digest>> subject_of(core const& c, oci::digest const& d, std::string const& media_type);

// For write_locks: whoever makes a tag mean a manifest holds the lock of both.
std::vector<std::string> tag_keys(repository_name const& repo, std::vector<oci::tag> const& tags);

// False if the repository does not show it as a manifest. It is on the disk when this returns.
result<bool> unlist_manifest(core& c, repository_name const& repo, oci::digest const& d);

// The same of many, and how many of them it showed; what it does not show as manifests is passed over.
result<std::size_t> unlist_manifests(core& c, repository_name const& repo, std::span<oci::digest const> manifests);

// Before pushed content goes: every pushed manifest that names it, whatever stands between, leaves the repositories
// that show it. Nobody can fetch the content again, and half an image is worse than none. Not in one batch, but all on
// the disk when this returns.
result<void> unlist_images_of(core& c, oci::digest const& d);

} // namespace store
