#include "store/epoch.h"

namespace store {

epoch_record next_epoch(std::optional<epoch_record> const& stored, std::string const& boot_id) {
    if (!stored)
        return {.current = 1, .suspect_first = 1, .suspect_last = 0, .boot_id = boot_id};
    if (!boot_id.empty() && stored->boot_id == boot_id)
        return *stored;

    auto next = *stored;
    // One range for all that was ever suspect: epochs between two crashes are checked once more than needed.
    if (next.suspect_first > next.suspect_last)
        next.suspect_first = stored->current;
    next.suspect_last = stored->current;
    next.current = stored->current + 1;
    next.boot_id = boot_id;
    return next;
}

bool is_suspect(epoch_record const& r, std::uint32_t epoch) noexcept {
    return epoch != 0 && epoch >= r.suspect_first && epoch <= r.suspect_last;
}

} // namespace store
