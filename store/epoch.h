// Which files may have lost bytes in a crash of the machine.
//
// Pulled content is not synced file by file, so its row can reach the disk before its bytes: after a power cut a
// file may have the recorded size and zeros inside. Time is therefore cut into epochs, each ended by one sync of
// the whole file system (at a clean stop). A row remembers the epoch that its bytes were written in. If the
// store is opened after a restart of the machine, files of the epoch that was never ended are suspect: the first
// to open one reads it against its block sums, and it is believed or dropped. A crash of the process alone loses
// nothing, because the kernel has the bytes.
#pragma once

#include "store/index_codec.h"

#include <cstdint>
#include <optional>
#include <string>

namespace store {

// The record to go on with, from the one that the index holds (if any) and this boot's id.
epoch_record next_epoch(std::optional<epoch_record> const& stored, std::string const& boot_id);

// Epoch zero stands for bytes known to be on the disk.
bool is_suspect(epoch_record const& r, std::uint32_t epoch) noexcept;

} // namespace store
