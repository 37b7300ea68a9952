#include "store/eviction/gc_report.h"

namespace store {

std::string_view to_string(gc_reason r) noexcept {
    switch (r) {
    case gc_reason::keep_storage:
        return "keep_storage";
    case gc_reason::min_free_space:
        return "min_free_space";
    case gc_reason::policy:
        return "policy";
    case gc_reason::purge:
        return "purge";
    }
    return "";
}

gc_sum gc_report::total() const noexcept {
    gc_sum sum;
    for (auto const& one : by_reason)
        sum += one;
    return sum;
}

} // namespace store
