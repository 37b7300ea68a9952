// What evictor knows across restarts: which objects there are, when each was last used, and whether it was used again.
//
// Uses are written in batches, minutes late: a crash forgets the latest and costs a few misses, nothing else.
#include "store/eviction/evictor.h"

#include "store/core.h"
#include "store/eviction/image_graph.h"
#include "store/index_codec.h"

#include <algorithm>

namespace store {
namespace {

constexpr std::size_t rows_a_batch = 32; // each under its lock: see batch_max in evictor.cpp

// Rows of uses in the order of digests, followed beside the rows of objects.
class use_cursor {
public:
    explicit use_cursor(core const& c) : rows_(c.db->scan(family::uses)) { rows_->SeekToFirst(); }

    std::optional<use_record> find(rocksdb::Slice const& key) {
        while (rows_->Valid() && rows_->key().compare(key) < 0)
            rows_->Next();
        if (!rows_->Valid() || rows_->key() != key)
            return std::nullopt;
        return decode_use(rows_->value().ToStringView());
    }

private:
    std::unique_ptr<rocksdb::Iterator> rows_;
};

} // namespace

// Into no pool yet, and not proposed by anything else.
result<void> evictor::take_in_rows(std::vector<entry_id>& taken_in) {
    use_cursor uses(core_);
    auto const rows = core_.db->scan(family::objects);
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        auto const d = decode_digest_key(rows->key().ToStringView());
        auto const row = decode_object(rows->value().ToStringView());
        if (!d || !row)
            continue; // fsck's business
        auto const use = uses.find(rows->key());
        auto const rules = rules_for(*d, row->info);
        std::lock_guard const lock(mutex_);
        if (table_.find(*d) != no_entry)
            continue; // stored again meanwhile, or taken in before
        add_entry(*d, row->info, rules);
        auto const id = table_.find(*d);
        if (use) {
            table_[id].last_used = static_cast<std::uint32_t>(std::max<std::int64_t>(use->last_used, 0));
            table_[id].uses = use->hits;
        }
        table_[id].leaving = true;
        taken_in.push_back(id);
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the index");
    return {};
}

result<void> evictor::load() {
    std::lock_guard const once(loading_);
    auto const now = core_.now();
    {
        std::lock_guard const lock(mutex_);
        if (loaded_)
            return {};
        constexpr std::int64_t retry_every = 60; // seconds
        if (load_failed_ && now >= load_failed_at_ && now < load_failed_at_ + retry_every)
            return *load_failed_;
    }
    std::vector<entry_id> taken_in;
    auto const all = take_in_rows(taken_in);
    if (!all)
        core_.warn("what cannot be read is not evicted: " + all.error().message);

    std::lock_guard const lock(mutex_);
    std::stable_sort(taken_in.begin(), taken_in.end(),
                     [this](entry_id a, entry_id b) { return table_[a].last_used < table_[b].last_used; });
    for (auto const id : taken_in) {
        auto& r = table_[id];
        if (!r.listed || !r.leaving)
            continue;
        r.leaving = false;
        if (r.is_proposed())
            pools_.restore(id, static_cast<pool>(table_.entries()[id].pool), r.uses > 0);
    }
    loaded_ = all.has_value();
    load_failed_ = all ? std::nullopt : std::optional(all.error());
    load_failed_at_ = now;
    return all;
}

result<void> evictor::save_uses(std::size_t limit) {
    std::vector<std::pair<oci::digest, use_record>> changed;
    {
        std::lock_guard const lock(mutex_);
        for (entry_id id = 0; id < table_.end() && changed.size() < limit; ++id) {
            auto& r = table_[id];
            if (!r.listed || !r.unsaved)
                continue;
            r.unsaved = false;
            changed.emplace_back(table_.digest(id), use_record{r.last_used, r.uses});
        }
    }
    for (std::size_t from = 0; from < changed.size(); from += rows_a_batch) {
        auto const to = std::min(from + rows_a_batch, changed.size());
        std::vector<oci::digest> digests;
        for (auto i = from; i < to; ++i)
            digests.push_back(changed[i].first);
        auto const held = core_.locks.hold(digests); // an object that is erased meanwhile must leave no row
        database::batch b(*core_.db);
        for (auto i = from; i < to; ++i) {
            std::lock_guard const lock(mutex_);
            if (table_.find(changed[i].first) != no_entry)
                b.put(family::uses, digest_key(changed[i].first), encode(changed[i].second));
        }
        if (b.empty())
            continue;
        if (auto written = core_.write(b, write_sync::no); !written)
            return written.error();
    }
    return {};
}

void evictor::set_rules(std::vector<gc_rule> rules) {
    std::vector<oci::digest> all;
    {
        std::lock_guard const lock(mutex_);
        rules_ = std::move(rules);
        rules_ask_for_repositories_ =
            std::any_of(rules_.begin(), rules_.end(), [](gc_rule const& r) { return r.asks_for_repositories(); });
        rule_bytes_.fill(0);
        for (entry_id id = 0; id < table_.end(); ++id) {
            table_[id].rules = 0;
            if (table_[id].listed)
                all.push_back(table_.digest(id));
        }
    }
    for (auto const& d : all)
        facts_changed(d);
}

} // namespace store
