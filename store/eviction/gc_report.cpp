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
    case gc_reason::unreferenced:
        return "unreferenced";
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

gc_report& gc_report::operator+=(gc_report other) {
    for (auto& item : other.items)
        if (items.size() < items_max)
            items.push_back(std::move(item));
    for (std::size_t i = 0; i < gc_reason_count; ++i)
        by_reason[i] += other.by_reason[i];
    kept_in_use += other.kept_in_use;
    if (error.empty())
        error = std::move(other.error);
    return *this;
}

} // namespace store
