// The operator's rules in evictor: what they say must go, and the ceilings that nothing new may pass.
#include "store/eviction/evictor.h"

#include "store/core.h"
#include "store/eviction/image_graph.h"

#include <algorithm>
#include <bit>

namespace store {
namespace {

constexpr std::size_t batch_max = 32; // as in evictor.cpp

// Of equally long unused objects the parts of an image go before it.
int order_of(object_kind k) {
    switch (k) {
    case object_kind::manifest:
        return 2;
    case object_kind::config:
        return 1;
    case object_kind::unknown:
    case object_kind::layer:
    case object_kind::cache_blob:
        return 0;
    }
    return 0;
}

bool unused_for(resident const& r, std::chrono::seconds duration, std::int64_t now) {
    return r.last_used + duration.count() <= now;
}

} // namespace

// Ids that were in the table a moment ago, the longest unused first.
std::vector<entry_id> evictor::by_last_use(std::function<bool(resident const&)> const& wanted) const {
    std::vector<std::pair<std::uint64_t, entry_id>> found;
    {
        std::lock_guard const lock(mutex_);
        for (entry_id id = 0; id < table_.end(); ++id) {
            auto const& r = table_[id];
            if (r.listed && !r.pinned && !r.leaving && wanted(r))
                found.emplace_back((std::uint64_t{r.last_used} << 2) | static_cast<unsigned>(order_of(r.kind)), id);
        }
    }
    std::sort(found.begin(), found.end());
    std::vector<entry_id> ids;
    ids.reserve(found.size());
    for (auto const& [key, id] : found)
        ids.push_back(id);
    return ids;
}

gc_item evictor::item_of(entry_id id, gc_reason why) const {
    auto const& r = table_[id];
    return {.digest = table_.digest(id),
            .disk_bytes = table_.entries()[id].bytes,
            .kind = r.kind,
            .origin = r.origin,
            .last_used = r.last_used,
            .reason = why,
            .why = {}};
}

// Whether something that is worth nothing without `d`, or without which `d` is, would still be here.
bool evictor::companions_stay(oci::digest const& d, object_kind kind,
                              std::unordered_set<oci::digest> const& leaving) const {
    auto const stays = [&](oci::digest const& other) {
        std::lock_guard const lock(mutex_);
        return !leaving.contains(other) && table_.find(other) != no_entry;
    };
    auto const part_stays = [&](oci::digest const& manifest) {
        auto const children = children_of(core_, manifest);
        return !children || std::any_of(children->begin(), children->end(),
                                        [&](oci::digest const& c) { return c != d && stays(c); });
    };
    if (kind == object_kind::manifest)
        return part_stays(d);
    if (kind != object_kind::config)
        return false;
    auto const parents = parents_of(core_, d);
    return !parents || std::any_of(parents->begin(), parents->end(),
                                   [&](oci::digest const& p) { return stays(p) && part_stays(p); });
}

void evictor::plan_rule(std::size_t i, std::uint64_t free_on_disk, std::unordered_set<oci::digest>& leaving,
                        std::vector<gc_item>& to) {
    gc_rule rule;
    std::uint64_t used = 0;
    std::uint64_t freed = 0;
    auto const bit = std::uint64_t{1} << i;
    {
        std::lock_guard const lock(mutex_);
        rule = rules_[i];
        used = rule_bytes_[i];
        for (auto const& item : to) {
            freed += item.disk_bytes;
            auto const id = table_.find(item.digest);
            if (id != no_entry && (table_[id].rules & bit))
                used -= std::min(used, item.disk_bytes);
        }
    }
    auto const keep = rule.keep_bytes(used, free_on_disk + freed);
    if (used <= keep)
        return;
    auto const now = core_.now();
    auto const candidates =
        by_last_use([&](resident const& r) { return (r.rules & bit) && unused_for(r, rule.keep_duration, now); });
    for (auto const id : candidates) {
        if (used <= keep)
            break;
        std::optional<gc_item> item;
        {
            std::lock_guard const lock(mutex_);
            if (table_[id].listed && (table_[id].rules & bit))
                item = item_of(id, gc_reason::policy);
        }
        if (!item || leaving.contains(item->digest))
            continue;
        if (!rule.all && companions_stay(item->digest, item->kind, leaving))
            continue;
        item->why = rule.name;
        used -= std::min(used, item->disk_bytes);
        leaving.insert(item->digest);
        to.push_back(*std::move(item));
    }
}

std::vector<gc_item> evictor::plan(std::uint64_t free_on_disk, std::uint64_t excess, gc_reason why_excess) {
    take_in_touches();
    std::vector<gc_item> planned;
    std::unordered_set<oci::digest> leaving;
    std::size_t rules = 0;
    {
        std::lock_guard const lock(mutex_);
        rules = rules_.size();
    }
    for (std::size_t i = 0; i < rules; ++i)
        plan_rule(i, free_on_disk, leaving, planned);

    std::uint64_t freed = 0;
    for (auto const& item : planned)
        freed += item.disk_bytes;
    if (freed >= excess)
        return planned;
    for (auto const id : by_last_use([](resident const& r) { return r.is_proposed(); })) {
        if (freed >= excess)
            break;
        std::lock_guard const lock(mutex_);
        if (!table_[id].listed)
            continue;
        auto item = item_of(id, why_excess);
        if (!leaving.insert(item.digest).second)
            continue;
        freed += item.disk_bytes;
        planned.push_back(std::move(item));
    }
    return planned;
}

gc_report evictor::apply(std::vector<gc_item> const& planned,
                         std::function<void(std::size_t, std::size_t)> const& progress, std::stop_token const& stop) {
    gc_report report;
    std::vector<candidate> batch;
    std::vector<gc_item> taken; // the same, as planned
    std::size_t first = 0;
    auto const list_those_that_went = [&] {
        std::lock_guard const lock(mutex_);
        for (auto& item : taken) {
            if (report.items.size() < gc_report::items_max && table_.find(item.digest) == no_entry)
                report.items.push_back(std::move(item));
        }
    };
    bool possible = true;
    auto const remove_batch = [&](std::size_t until) {
        auto const removed = remove(batch, planned[first].reason);
        auto const freed = removed.sum;
        possible = removed.possible;
        report.kept_in_use += batch.size() - freed.objects;
        report.by_reason[static_cast<std::size_t>(planned[first].reason)] += freed;
        list_those_that_went();
        batch.clear();
        taken.clear();
        first = until;
        if (progress)
            progress(until, planned.size());
    };
    for (std::size_t i = 0; i < planned.size() && !stop.stop_requested(); ++i) {
        auto const& item = planned[i];
        if (i > first && (i - first == batch_max || item.reason != planned[first].reason))
            remove_batch(i);
        if (!possible)
            return report;
        candidate const k{
            item.digest, item.disk_bytes, item.kind, item.origin, static_cast<std::uint32_t>(item.last_used), false};
        if (core_.handles->is_open(item.digest) || !take(k, item.reason)) {
            ++report.kept_in_use;
            continue;
        }
        batch.push_back(k);
        taken.push_back(item);
    }
    if (!batch.empty())
        remove_batch(planned.size());
    return report;
}

gc_report evictor::purge(std::vector<oci::digest> const& digests) {
    take_in_touches();
    std::vector<gc_item> going;
    {
        std::lock_guard const lock(mutex_);
        for (auto const& d : digests) {
            auto const id = table_.find(d);
            if (id != no_entry)
                going.push_back(item_of(id, gc_reason::purge));
        }
    }
    return apply(going);
}

bool evictor::claim(std::uint64_t rules, std::uint64_t bytes, std::size_t& full, std::uint64_t& missing) {
    std::lock_guard const lock(mutex_);
    for (auto rest = rules; rest != 0; rest &= rest - 1) {
        auto const i = static_cast<std::size_t>(std::countr_zero(rest));
        auto const ceiling = i < rules_.size() ? rules_[i].ceiling() : 0;
        auto const wanted = rule_bytes_[i] + rule_claims_[i] + bytes;
        if (ceiling == 0 || wanted <= ceiling)
            continue;
        full = i;
        missing = wanted - ceiling;
        return false;
    }
    for (auto rest = rules; rest != 0; rest &= rest - 1)
        rule_claims_[static_cast<std::size_t>(std::countr_zero(rest))] += bytes;
    return true;
}

void evictor::unclaim(std::uint64_t rules, std::uint64_t bytes) {
    std::lock_guard const lock(mutex_);
    for (auto rest = rules; rest != 0; rest &= rest - 1) {
        auto& claimed = rule_claims_[static_cast<std::size_t>(std::countr_zero(rest))];
        claimed -= std::min(claimed, bytes);
    }
}

// Going over all entries for each new object would be much once a rule is full, so a little more goes than must.
void evictor::evict_selected(std::size_t rule, std::uint64_t bytes) {
    std::lock_guard const one_at_a_time(evicting_);
    take_in_touches();
    auto const bit = std::uint64_t{1} << rule;
    std::chrono::seconds keep{0};
    {
        std::lock_guard const lock(mutex_);
        if (rule >= rules_.size())
            return;
        keep = rules_[rule].keep_duration;
        bytes += rules_[rule].ceiling() / 64;
    }
    auto const now = core_.now();
    std::vector<gc_item> going;
    std::uint64_t freed = 0;
    for (auto const id : by_last_use([&](resident const& r) { return (r.rules & bit) && unused_for(r, keep, now); })) {
        if (freed >= bytes)
            break;
        std::lock_guard const lock(mutex_);
        if (!table_[id].listed)
            continue;
        going.push_back(item_of(id, gc_reason::policy));
        freed += going.back().disk_bytes;
    }
    apply(going);
}

result<evictor::ceiling_claim> evictor::make_room_below_ceilings(oci::digest const& d, object const& info) {
    auto const rules = rules_for(d, info);
    auto const bytes = info.place == object_place::file ? whole_blocks(info.size) : info.size;
    constexpr int attempts_max = 2 * static_cast<int>(gc_rules_max);
    std::uint64_t missing_before = 0;
    for (int attempt = 0; rules != 0 && attempt < attempts_max; ++attempt) {
        std::size_t full = 0;
        std::uint64_t missing = 0;
        if (claim(rules, bytes, full, missing))
            return ceiling_claim(this, rules, bytes);
        if (attempt > 0 && missing == missing_before)
            return error{errc::no_space, "a policy's max_used_space leaves no room for " + d.to_string()};
        missing_before = missing;
        evict_selected(full, missing);
    }
    if (rules != 0)
        return error{errc::no_space, "policies leave no room for " + d.to_string()};
    return ceiling_claim(nullptr, 0, 0);
}

} // namespace store
