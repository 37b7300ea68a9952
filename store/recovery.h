// From a folder on disk to a store in order, and from a running store to one that can be trusted later.
//
// Opening does only what must be done before serving: take the lock, clear temp/, read the sums. Rows whose file
// is missing are dropped when somebody asks for them. Files without rows (a crash between rename and batch, or
// between batch and unlink) are harmless and invisible; finding them means reading all folders, which is work
// for the background.
#pragma once

#include "store/core.h"

#include <memory>

namespace store {

result<std::shared_ptr<core>> open_core(options o);

// Everything written so far is on the disk, and said so: see epoch.h. Blocks.
result<void> end_epoch(core& c);

} // namespace store
