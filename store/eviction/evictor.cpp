#include "store/eviction/evictor.h"

#include "store/core.h"
#include "store/eviction/image_graph.h"
#include "store/hosted/unlisting.h"
#include "store/link_table.h"
#include "store/object_table.h"
#include "store/publication.h"

#include <algorithm>
#include <limits>

namespace store {
namespace {

constexpr std::size_t batch_max = 32; // objects removed by one write to the index; TSan counts to 64 locks a thread

std::uint32_t seconds_of(std::int64_t unix_time) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(unix_time, 0, UINT32_MAX));
}

// What going frees. Of a row that is an estimate: the index gives space back when it compacts.
std::uint64_t bytes_of(object const& info) {
    return std::max<std::uint64_t>(info.place == object_place::file ? info.disk_bytes : info.size, 1);
}

} // namespace

evictor::evictor(core& c) : core_(c), pools_(table_.entries(), std::numeric_limits<std::uint64_t>::max() / 128) {}

std::uint64_t evictor::rules_of_facts(gc_facts const& facts) const {
    std::uint64_t rules = 0;
    for (std::size_t i = 0; i < rules_.size(); ++i)
        rules |= std::uint64_t{rules_[i].selects(facts)} << i;
    return rules;
}

// Reads the index if some rule asks for repositories, so not under the mutex; rules_ does not change meanwhile, because
// set_rules goes over all entries afterwards.
std::uint64_t evictor::rules_for(oci::digest const& d, object const& info) const {
    std::vector<std::string> repositories;
    bool ask = false;
    {
        std::lock_guard const lock(mutex_);
        if (rules_.empty())
            return 0;
        ask = rules_ask_for_repositories_;
    }
    if (ask) {
        if (auto held = holders_of(core_, d))
            repositories = *std::move(held);
    }
    std::lock_guard const lock(mutex_);
    return rules_of_facts({info.kind, info.origin, pinned_.contains(d), repositories});
}

void evictor::count_rules(entry_id id, int sign) {
    auto const bytes = table_.entries()[id].bytes;
    for (auto rules = table_[id].rules; rules != 0; rules &= rules - 1) {
        auto& sum = rule_bytes_[static_cast<std::size_t>(std::countr_zero(rules))];
        sum = sign > 0 ? sum + bytes : sum - std::min(sum, bytes);
    }
}

void evictor::count_kind(entry_id id, int sign) {
    auto const& r = table_[id];
    auto& sum = contents_[static_cast<std::size_t>(r.origin)][static_cast<std::size_t>(r.kind)];
    auto const bytes = table_.entries()[id].bytes;
    sum.objects = sign > 0 ? sum.objects + 1 : sum.objects - 1;
    sum.bytes = sign > 0 ? sum.bytes + bytes : sum.bytes - bytes;
}

void evictor::add_entry(oci::digest const& d, object const& info, std::uint64_t rules) {
    auto const id = table_.add(d);
    auto& r = table_[id];
    r.kind = info.kind;
    r.origin = info.origin;
    r.rules = rules;
    r.last_used = seconds_of(info.stored_at);
    r.pinned = pinned_.contains(d);
    table_.entries()[id].bytes = bytes_of(info);
    table_.entries()[id].pool = static_cast<std::uint8_t>(pool_of(info.kind, info.size));
    count_rules(id, 1);
    count_kind(id, 1);
}

void evictor::remove_entry(entry_id id, bool evicted) {
    auto const& r = table_[id];
    if (r.is_proposed())
        pools_.remove(id, table_.fingerprint(id), evicted);
    count_rules(id, -1);
    count_kind(id, -1);
    table_.remove(id);
}

void evictor::stored(oci::digest const& d, object const& info) {
    auto const rules = rules_for(d, info);
    std::lock_guard const lock(mutex_);
    auto const known = table_.find(d);
    if (known != no_entry)
        remove_entry(known, false);
    add_entry(d, info, rules);
    auto const id = table_.find(d);
    if (departed_.take(table_.fingerprint(id)))
        returned_ += {1, table_.entries()[id].bytes};
    table_[id].last_used = seconds_of(core_.now());
    table_[id].unsaved = known != no_entry;
    if (table_[id].is_proposed())
        pools_.admit(id, pool_of(info.kind, info.size), table_.fingerprint(id));
}

// Unless it belongs elsewhere now it keeps its place among the others: this is no use of it.
void evictor::described(oci::digest const& d, object const& info) {
    {
        std::lock_guard const lock(mutex_);
        auto const id = table_.find(d);
        if (id == no_entry)
            return;
        auto& r = table_[id];
        if (r.kind != info.kind || r.origin != info.origin) {
            if (r.is_proposed())
                pools_.remove(id, table_.fingerprint(id), false);
            count_kind(id, -1);
            r.kind = info.kind;
            r.origin = info.origin;
            count_kind(id, 1);
            table_.entries()[id].pool = static_cast<std::uint8_t>(pool_of(info.kind, info.size));
            propose(id, false);
        }
    }
    facts_changed(d);
}

// Puts the entry into its pool or takes it out, as it should be now.
void evictor::propose(entry_id id, bool was_proposed) {
    bool const proposed = table_[id].is_proposed();
    if (was_proposed && !proposed)
        pools_.remove(id, table_.fingerprint(id), false);
    if (!was_proposed && proposed)
        pools_.restore(id, static_cast<pool>(table_.entries()[id].pool), true);
}

void evictor::erased(oci::digest const& d, bool evicted) {
    std::lock_guard const lock(mutex_);
    auto const id = table_.find(d);
    if (id != no_entry)
        remove_entry(id, evicted);
}

void evictor::facts_changed(oci::digest const& d) {
    object info;
    {
        std::lock_guard const lock(mutex_);
        auto const id = table_.find(d);
        if (rules_.empty() || id == no_entry)
            return;
        info.kind = table_[id].kind;
        info.origin = table_[id].origin;
    }
    auto const rules = rules_for(d, info);
    std::lock_guard const lock(mutex_);
    auto const id = table_.find(d);
    if (id == no_entry)
        return;
    count_rules(id, -1);
    table_[id].rules = rules;
    count_rules(id, 1);
}

void evictor::set_capacity(std::uint64_t bytes) {
    std::lock_guard const lock(mutex_);
    pools_.set_capacity(bytes);
}

void evictor::set_pinned(std::unordered_set<oci::digest> pinned) {
    std::vector<oci::digest> changed;
    exchange_pinned(std::move(pinned), changed);
    for (auto const& d : changed)
        facts_changed(d);
}

void evictor::exchange_pinned(std::unordered_set<oci::digest> pinned, std::vector<oci::digest>& changed) {
    std::lock_guard const lock(mutex_);
    auto const change = [&](oci::digest const& d, bool now) {
        auto const id = table_.find(d);
        if (id == no_entry || table_[id].pinned == now)
            return;
        changed.push_back(d);
        bool const was_proposed = table_[id].is_proposed();
        table_[id].pinned = now;
        propose(id, was_proposed);
    };
    for (auto const& d : pinned_) {
        if (!pinned.contains(d))
            change(d, false);
    }
    for (auto const& d : pinned)
        change(d, true);
    pinned_ = std::move(pinned);
}

void evictor::take_in_touches() {
    std::lock_guard const one_reader(draining_);
    std::vector<std::uint64_t> touched;
    touches_.drain(touched);
    if (touched.empty())
        return;
    auto const now = seconds_of(core_.now());
    constexpr std::uint32_t image_use_interval = 60; // seconds between two times that a manifest's use is passed on
    std::vector<oci::digest> manifests;
    {
        std::lock_guard const lock(mutex_);
        for (auto const f : touched) {
            auto const id = table_.find_fingerprint(f);
            if (id == no_entry)
                continue;
            auto& r = table_[id];
            if (r.kind == object_kind::manifest && (r.uses == 0 || now >= r.last_used + image_use_interval))
                manifests.push_back(table_.digest(id));
            r.last_used = std::max(r.last_used, now);
            r.uses = static_cast<std::uint8_t>(std::min(r.uses + 1, 255));
            r.unsaved = true;
            if (r.is_proposed())
                pools_.touch(id);
        }
    }
    note_use_of_images(std::move(manifests), now);
}

std::uint64_t evictor::evictable_bytes() const {
    std::lock_guard const lock(mutex_);
    return pools_.bytes();
}

gc_sum evictor::returned() const {
    std::lock_guard const lock(mutex_);
    return returned_;
}

contents_by_kind evictor::contents() const {
    std::lock_guard const lock(mutex_);
    return contents_;
}

std::array<gc_sum, pool_count> evictor::pools() const {
    std::lock_guard const lock(mutex_);
    std::array<gc_sum, pool_count> states;
    for (std::size_t i = 0; i < pool_count; ++i)
        states[i] = {pools_.count(static_cast<pool>(i)), pools_.bytes(static_cast<pool>(i))};
    return states;
}

evictor::candidate evictor::candidate_of(entry_id id) const {
    auto const& r = table_[id];
    return {table_.digest(id), table_.entries()[id].bytes, r.kind, r.origin, r.last_used, false};
}

std::optional<evictor::candidate> evictor::next_candidate() {
    std::lock_guard const lock(mutex_);
    if (auto k = next_condemned())
        return k;
    auto const id = pools_.victim();
    return id ? std::optional(candidate_of(*id)) : std::nullopt;
}

void evictor::spare(candidate const& k) {
    std::lock_guard const lock(mutex_);
    auto const id = table_.find(k.digest);
    if (id == no_entry || !table_[id].is_proposed())
        return;
    table_[id].image_used = false;
    pools_.spare(id);
}

// From here on it is in no pool; false if it is no longer what was proposed.
bool evictor::take(candidate const& k, gc_reason why) {
    std::lock_guard const lock(mutex_);
    auto const id = table_.find(k.digest);
    if (id == no_entry || table_[id].pinned || table_[id].leaving || table_[id].last_used > k.last_used)
        return false;
    if (table_[id].is_proposed())
        pools_.remove(id, table_.fingerprint(id), true);
    table_[id].leaving = true;
    if (why == gc_reason::keep_storage || why == gc_reason::min_free_space)
        departed_.insert(table_.fingerprint(id), table_.size());
    return true;
}

// That something goes has to be written down, which a disk may be too full for. Said once a minute: this is asked for
// whatever wants to be stored.
bool evictor::may_remove() {
    auto const room = core_.folder->check_room(0, removal_margin_bytes);
    if (room)
        return true;
    constexpr std::int64_t tell_every = 60; // seconds
    auto const now = core_.now();
    auto told = full_disk_told_at_.load();
    bool const silent = now >= told && now < told + tell_every;
    if (!silent && full_disk_told_at_.compare_exchange_strong(told, now))
        core_.warn("nothing can be evicted: " + room.error().message);
    return false;
}

gc_sum evictor::evict(std::uint64_t bytes, gc_reason why) {
    std::lock_guard const one_at_a_time(evicting_);
    if (!may_remove())
        return {};
    take_in_touches();
    std::size_t patience = 0; // how many may be refused: everything once
    {
        std::lock_guard const lock(mutex_);
        patience = table_.size() + condemned_.size() + 1;
    }
    gc_sum sum;
    std::uint64_t chosen_bytes = 0;
    std::vector<candidate> chosen;
    auto const remove_chosen = [&] {
        auto const removed = remove(chosen, why);
        patience -= std::min<std::size_t>(patience, removed.possible ? chosen.size() - removed.sum.objects : patience);
        sum += removed.sum;
        chosen.clear();
        chosen_bytes = 0;
    };
    while (sum.bytes + chosen_bytes < bytes && patience > 0) {
        auto const k = next_candidate();
        if (!k)
            break;
        if (!may_go(*k, why) || !take(*k, why)) {
            --patience;
            continue;
        }
        chosen.push_back(*k);
        chosen_bytes += k->bytes;
        if (chosen.size() == batch_max)
            remove_chosen();
    }
    remove_chosen();
    return sum;
}

// A build cache's blob that another repository has come to show, of an image that is still under way perhaps: whoever
// sends that has as long for the rest as for everything else that nothing leads to yet.
bool evictor::is_taken_over(candidate const& k) const {
    if (k.kind != object_kind::cache_blob)
        return false;
    auto const oldest = core_.now() - push_time_.load();
    auto const holder = holder_of(core_, k.digest, [&](std::string const& repo) {
        auto const row = find_link_row(core_, repo, k.digest, access::any);
        return !row || (*row && (*row)->kind != object_kind::cache_blob && (*row)->linked_at > oldest);
    });
    return !holder || *holder;
}

// Somebody counts on content that had seemed to be of no use. Holds as long as the digest's lock is held.
bool evictor::is_relied_on(candidate const& k, gc_reason why) const {
    if (why == gc_reason::purge)
        return false;
    auto const oldest = core_.now() - reliance::a_push;
    if (k.origin != object_origin::push) // who pushes much must not keep the whole cache from making room
        return core_.relied.surely_since(k.digest, oldest);
    if (core_.relied.since(k.digest, oldest) || is_taken_over(k))
        return true;
    auto const links = count_links(core_, k.digest);
    return why == gc_reason::unreferenced && (!links || *links > 0);
}

gc_report evictor::remove_garbage(std::vector<oci::digest> const& digests, gc_request const& request) {
    std::vector<gc_item> going;
    {
        std::lock_guard const lock(mutex_);
        for (auto const& d : digests) {
            auto const id = table_.find(d);
            if (id != no_entry && !table_[id].pinned)
                going.push_back(item_of(id, gc_reason::unreferenced));
        }
    }
    if (!request.dry_run)
        return apply(going, request.progress, request.stop);
    gc_report report;
    for (auto& item : going) {
        report.by_reason[static_cast<std::size_t>(item.reason)] += {1, item.disk_bytes};
        if (report.items.size() < gc_report::items_max)
            report.items.push_back(std::move(item));
    }
    return report;
}

std::vector<oci::digest> evictor::pushed() const {
    std::lock_guard const lock(mutex_);
    std::vector<oci::digest> all;
    for (entry_id id = 0; id < table_.end(); ++id)
        if (table_[id].listed && table_[id].origin == object_origin::push)
            all.push_back(table_.digest(id));
    return all;
}

std::int64_t evictor::last_used(oci::digest const& d) const {
    std::lock_guard const lock(mutex_);
    auto const id = table_.find(d);
    return id == no_entry ? 0 : table_[id].last_used;
}

// Takes the images of pushed content out of their repositories, before it goes; false if it has to stay.
bool evictor::give_up_images_of(candidate const& k, gc_reason why) {
    if (k.origin != object_origin::push || why == gc_reason::unreferenced)
        return true;
    if (core_.handles->is_open(k.digest) || is_relied_on(k, why)) // since it was chosen, too
        return false;
    auto const unlisted = unlist_images_of(core_, k.digest);
    if (!unlisted)
        core_.warn(unlisted.error().message);
    return unlisted.has_value();
}

// Rows and files of these, which are in no pool; those that came into use meanwhile go back.
evictor::removal evictor::remove(std::vector<candidate> const& chosen, gc_reason why) {
    if (chosen.empty())
        return {};
    gc_sum sum;
    std::vector<oci::digest> digests;
    for (auto const& k : chosen) {
        if (give_up_images_of(k, why))
            digests.push_back(k.digest);
    }
    auto const stays = [&](oci::digest const& d, object const& now) {
        auto const k = std::find_if(chosen.begin(), chosen.end(), [&](auto const& each) { return each.digest == d; });
        bool const just_pushed = now.origin == object_origin::push && k->origin != object_origin::push;
        return just_pushed || is_relied_on(*k, why);
    };
    auto const removed = evict_all(core_, digests, stays);
    if (!removed)
        core_.warn("nothing could be evicted: " + removed.error().message);
    std::lock_guard const lock(mutex_);
    for (auto const& k : chosen) {
        auto const id = table_.find(k.digest);
        if (id == no_entry) {
            sum += {1, k.bytes};
        } else if (table_[id].leaving) {
            table_[id].leaving = false;
            bool const used_again = removed || table_[id].uses > 0;
            if (table_[id].is_proposed())
                pools_.restore(id, static_cast<pool>(table_.entries()[id].pool), used_again);
        }
    }
    counters_.count(why, sum);
    return {sum, removed.has_value()};
}

} // namespace store
