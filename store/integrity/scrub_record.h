// What a scrubber remembers over restarts, as the index keeps it: the value "scrub".
#pragma once

#include "store/integrity/scrubber.h"

#include <optional>
#include <string>
#include <string_view>

namespace store {

inline constexpr std::string_view scrub_record_name = "scrub";

struct scrub_record {
    std::string position; // the key of the last object that was finished; empty: none in this pass
    scrub_counters counters;
};

std::string encode(scrub_record const& r);
std::optional<scrub_record> decode_scrub_record(std::string_view bytes);

} // namespace store
