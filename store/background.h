// Work that nobody waits for gives way to work that somebody does.
#pragma once

namespace store {

// This thread runs when others have nothing to do, more or less; there is no way back without privileges, so it should
// be one that was started for such work.
void run_in_background() noexcept;

} // namespace store
