// What an operator wants kept whatever happens: images by tag or digest.
//
// A pin names a reference, not content: what a pinned tag means today, with all that its manifest names, is what stays;
// when the tag moves, the pin moves with it. So the set of pinned digests is worked out anew whenever a pin, a pinned
// tag or a manifest of a pinned repository changes.
#pragma once

#include "store/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace store {

struct core;

// Tells the evictor which digests are pinned now. Blocks.
result<void> refresh_pins(core& c);

// The same, if something of this repository is pinned.
result<void> refresh_pins_of(core& c, std::string_view repo);

} // namespace store
