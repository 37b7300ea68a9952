// How much of the disk stays free of us.
//
// RocksDB 7.8 does not come back well from a log that could not be written: its recovery may wait for ever for a
// flush that cannot happen. So it never gets to see a full disk: new content stops while there is still room for
// the index to flush and compact, and changes of the index stop before its log would fail. Lookups go on, and so
// does everything else as soon as there is room again.
#pragma once

#include <cstdint>

namespace store {

inline constexpr std::uint64_t content_margin_bytes = 64 * 1024 * 1024;
inline constexpr std::uint64_t index_margin_bytes = 8 * 1024 * 1024;
// Removals may go further, for they are what makes room; a batch of them is a few kilobytes of log.
inline constexpr std::uint64_t removal_margin_bytes = 4 * 1024 * 1024;

} // namespace store
