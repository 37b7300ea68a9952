#include "store/recovery.h"

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

} // namespace

result<std::shared_ptr<core>> open_core(options o) {
    auto c = std::make_shared<core>();
    c->settings = std::move(o);
    auto files = c->settings.files ? c->settings.files : std::make_shared<file_system>();

    auto folder = blob_folder::open(c->settings.path, std::move(files));
    if (!folder)
        return folder.error();
    c->folder = *std::move(folder);

    auto db = database::open(c->settings.path / "index", c->settings.warn);
    if (!db)
        return db.error();
    c->db = *std::move(db);

    // RocksDB's lock is ours now, so nobody else is writing here.
    if (auto cleared = c->folder->clear_temp(); !cleared)
        return cleared.error();
    auto const sums = c->db->read_totals();
    if (!sums)
        return sums.error();
    c->sums.apply(*sums);
    if (auto begun = begin_epoch(*c); !begun)
        return begun.error();
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
