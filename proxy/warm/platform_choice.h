// Which images of an index are warmed: those for the platforms that were asked for. What nobody has asked for is told
// by what is here: the platforms that clients pull are those of which whole images are stored.
#pragma once

#include "oci/platform.h"
#include "proxy/error.h"
#include "store/content_store.h"

#include <string>
#include <vector>

namespace proxy {

// Those for `wanted`, and what an index names beside images. Attestations are left out, and what says no platform too,
// unless none of the entries says one. An error names the platforms of which there is none.
result<std::vector<oci::index_entry>> entries_for(std::vector<oci::index_entry> const& all,
                                                  std::vector<oci::platform> const& wanted);

// The platforms of an index of which config and layers are all stored here; blocks.
std::vector<oci::platform> whole_platforms(store::content_store& content, oci::digest const& index);

// The same of the indexes that the repositories' tags mean, of a few hundred at most; blocks.
std::vector<oci::platform> whole_platforms(store::content_store& content);

oci::platform this_machine();

} // namespace proxy
