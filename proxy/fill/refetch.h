// Downloads content again that was lost, before anybody asks for it.
#pragma once

#include "proxy/fill/fill_table.h"
#include "proxy/pull/upstream_set.h"

namespace proxy {

// From a repository that holds it and whose upstream is configured: one that provably has it, if any does (a manifest
// may name what its repository does not have), and the first by name of those. True if a fill runs now. Manifests are
// left to the next request: they come by another way. Any thread; blocks for the index.
bool refetch(oci::digest const& d, store::content_store& content, upstream_set const& upstreams, fill_table& fills,
             worker& w);

} // namespace proxy
