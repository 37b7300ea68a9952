#include "store/recovery.h"

#include "store/integrity/quarantine.h"
#include "store/object_table.h"
#include "store/pins.h"

namespace store {
namespace {

constexpr std::string_view epoch_key = "epoch";

result<void> write_epoch(core& c, epoch_record const& record) {
    database::batch b(*c.db);
    b.put(family::meta, epoch_key, encode(record));
    return c.write(b, write_sync::yes);
}

result<void> begin_epoch(core& c) {
    rocksdb::PinnableSlice value;
    auto const found = c.db->get(family::meta, epoch_key, access::any, value);
    if (!found)
        return found.error();
    std::optional<epoch_record> stored;
    if (*found) {
        stored = decode_epoch(value.ToStringView());
        if (!stored)
            return corrupt_row("an epoch");
    }
    c.opened_as = next_epoch(stored, c.folder->files().boot_id());
    c.epoch = c.opened_as.current;
    if (stored == c.opened_as)
        return {};
    return write_epoch(c, c.opened_as);
}

// Files that were renamed to their places while their rows were not yet written, when the last process ended.
result<void> undo_publications(core& c, std::vector<oci::digest> const& publishing) {
    for (auto const& d : publishing) {
        auto const row = find_object(c, d, access::any);
        if (!row)
            return row.error();
        if (!*row || (*row)->info.place == object_place::row)
            if (auto removed = c.folder->remove(d); !removed)
                return removed.error();
        c.folder->end_publication(d);
    }
    return {};
}

// Files whose rows were erased while somebody read them, or just before the end.
result<void> replay_trash(core& c) {
    database::batch b(*c.db);
    auto const rows = c.db->scan(family::trash);
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        auto const key = rows->key().ToStringView();
        auto const d = decode_digest_key(key);
        if (!d) {
            b.erase(family::trash, key);
            continue;
        }
        auto const row = find_object(c, *d, access::any);
        if (!row)
            return row.error();
        if (!*row || (*row)->info.place == object_place::row)
            if (auto removed = c.folder->remove(*d); !removed) { // it waits on: see empty_trash
                c.warn(removed.error().message);
                c.waiting.add(*d, decode_count(rows->value().ToStringView()).value_or(0));
                continue;
            }
        b.erase(family::trash, key);
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the index");
    return b.empty() ? result<void>() : c.write(b, write_sync::no, removal_margin_bytes);
}

} // namespace

result<std::shared_ptr<core>> open_core(options o) {
    auto c = std::make_shared<core>();
    c->settings = std::move(o);
    auto files = c->settings.files ? c->settings.files : std::make_shared<file_system>();

    auto folder = blob_folder::open(c->settings.path, std::move(files));
    if (!folder)
        return folder.error();
    c->folder = *std::move(folder);

    c->room.set_limits(c->settings.limits);
    auto db =
        database::open(c->settings.path / "index", c->settings.warn, index_sizes_for(c->settings.limits.keep_storage));
    if (!db)
        return db.error();
    c->db = *std::move(db);

    // RocksDB's lock is ours now, so nobody else is writing here.
    auto const publishing = c->folder->clear_temp();
    if (!publishing)
        return publishing.error();
    if (auto undone = undo_publications(*c, *publishing); !undone)
        return undone.error();
    if (auto replayed = replay_trash(*c); !replayed)
        return replayed.error();
    auto const sums = c->db->read_totals();
    if (!sums)
        return sums.error();
    c->sums.apply(*sums);
    if (auto const rotten = quarantine(*c->folder).bytes())
        c->quarantined = *rotten;
    if (auto begun = begin_epoch(*c); !begun)
        return begun.error();
    if (auto pinned = refresh_pins(*c); !pinned)
        return pinned.error();
    return c;
}

result<void> end_epoch(core& c) {
    std::lock_guard const one_at_a_time(c.flushing);
    // From here on commits belong to the next epoch. One that read the old number before has written its bytes
    // before, so the sync below takes them along.
    auto const next = c.epoch.fetch_add(1) + 1;
    if (auto synced = c.folder->sync_everything(); !synced)
        return synced.error();
    auto record = c.opened_as;
    record.current = next;
    return write_epoch(c, record);
}

} // namespace store
