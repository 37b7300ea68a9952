#include "store/error.h"

#include <stdexcept>

namespace store {

std::string_view to_string(errc code) noexcept {
    switch (code) {
    case errc::would_block:
        return "would_block";
    case errc::over_quota:
        return "over_quota";
    case errc::too_much_unsettled:
        return "too_much_unsettled";
    case errc::too_many_tags:
        return "too_many_tags";
    case errc::too_many:
        return "too_many";
    case errc::no_descriptors:
        return "no_descriptors";
    case errc::no_space:
        return "no_space";
    case errc::digest_mismatch:
        return "digest_mismatch";
    case errc::size_mismatch:
        return "size_mismatch";
    case errc::corrupt:
        return "corrupt";
    case errc::locked:
        return "locked";
    case errc::newer_schema:
        return "newer_schema";
    case errc::io:
        return "io";
    }
    return "unknown";
}

void throw_exception_from_error(error const& e, boost::source_location const& where) {
    throw std::logic_error("store: value() of a failed result at " + where.to_string() + ": " +
                           std::string(to_string(e.code)) + ": " + e.message);
}

} // namespace store
