// From a folder on disk to a store in order, and from a running store to one that can be trusted later.
//
// Opening does only what must be done before serving, and that is bounded by what was under way when the last
// process ended: take the lock, clear temp/, remove files that were renamed but have no row, remove what waited in the
// trash, read the sums. What no crash of ours leaves (files and rows changed from outside) is found in the background.
#pragma once

#include "store/core.h"

#include <memory>

namespace store {

result<std::shared_ptr<core>> open_core(options o);

// Everything written so far is on the disk, and said so: see epoch.h. Blocks.
result<void> end_epoch(core& c);

} // namespace store
