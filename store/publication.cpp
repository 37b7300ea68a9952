#include "store/publication.h"

#include "store/block_sums.h"

#include <cerrno>

namespace store {
namespace {

object_row new_row(core const& c, std::uint64_t size, object_traits const& traits, object_place place) {
    object_row row;
    row.info = {.size = size,
                .disk_bytes = size,
                .stored_at = c.now(),
                .kind = traits.kind,
                .origin = traits.origin,
                .place = place,
                .media_type = traits.media_type};
    return row;
}

// What both the object that exists and another writer of it know. Pushed once, it can never be fetched again for
// sure, so that sticks.
object_traits merged(object const& existing, object_traits const& now) {
    auto traits = now;
    traits.kind = settled_kind(existing.kind, now.kind);
    if (existing.origin == object_origin::push)
        traits.origin = object_origin::push;
    if (!existing.media_type.empty())
        traits.media_type = existing.media_type;
    return traits;
}

object_traits merged(std::optional<object_row> const& existing, object_traits const& now) {
    return existing ? merged(existing->info, now) : now;
}

// Whether the bytes that the row stands for are where it says, as far as can be told without reading them.
result<bool> is_intact(core const& c, oci::digest const& d, object_row const& row) {
    if (is_suspect(c.opened_as, row.epoch))
        return false;
    if (row.info.place == object_place::row) {
        auto const bytes = find_small(c, d, access::any);
        if (!bytes)
            return bytes.error();
        return *bytes != nullptr && (*bytes)->size() == row.info.size;
    }
    auto const file = c.folder->stat_blob(d);
    if (!file)
        return file.error();
    return file->has_value() && is_content(**file, row.info.size);
}

// The object as it is after adopting what exists, or nothing if the caller's copy has to be published.
result<std::optional<object>> adopt(core& c, oci::digest const& d, std::optional<object_row> const& existing,
                                    object_traits const& traits) {
    if (!existing)
        return std::optional<object>();
    auto const intact = is_intact(c, d, *existing);
    if (!intact)
        return intact.error();
    bool const sync = c.must_sync(traits.origin);
    if (!*intact || (sync && existing->epoch != 0))
        return std::optional<object>();

    auto row = *existing;
    auto now = merged(row.info, traits);
    row.info.kind = now.kind;
    row.info.origin = now.origin;
    row.info.media_type = std::move(now.media_type);
    if (sync || encode(row) != encode(*existing)) {
        if (auto written = update_object(c, d, row, sync ? write_sync::yes : write_sync::no); !written)
            return written.error();
    }
    return std::optional(row.info);
}

} // namespace

result<object> publish_row(core& c, oci::digest const& d, std::string_view bytes, object_traits const& traits) {
    auto const claim =
        c.residents->make_room_below_ceilings(d, new_row(c, bytes.size(), traits, object_place::row).info);
    if (!claim)
        return claim.error();
    auto const lock = c.locks.hold(d);
    auto const existing = find_object(c, d, access::any);
    if (!existing)
        return existing.error();
    auto const adopted = adopt(c, d, *existing, traits);
    if (!adopted)
        return adopted.error();
    if (*adopted)
        return **adopted;

    auto row = new_row(c, bytes.size(), merged(*existing, traits), object_place::row);
    auto const sync = c.must_sync(traits.origin) ? write_sync::yes : write_sync::no;
    if (auto put = put_object(c, d, *existing, row, {.bytes = bytes}, sync); !put)
        return put.error();
    if (*existing && (*existing)->info.place == object_place::file)
        if (auto removed = c.folder->remove(d); !removed)
            c.warn(removed.error().message);
    return row.info;
}

result<object> publish_file(core& c, temp_file& file, oci::digest const& d, std::uint64_t size,
                            std::span<std::uint64_t const> sums, object_traits const& traits) {
    bool const durable = c.must_sync(traits.origin);
    int const fd = file.file()->fd();
    auto const epoch = c.epoch.load(); // after the last byte was written: see content_store::flush
    if (durable && c.folder->files().sync_data(fd) == -1)
        return error_of_errno(errno, "cannot sync " + d.to_string());
    struct stat s {};
    if (c.folder->files().stat(fd, s) == -1)
        return error_of_errno(errno, "cannot stat " + d.to_string());

    auto const claim = c.residents->make_room_below_ceilings(d, new_row(c, size, traits, object_place::file).info);
    if (!claim)
        return claim.error();
    auto const lock = c.locks.hold(d);
    auto const existing = find_object(c, d, access::any);
    if (!existing)
        return existing.error();
    auto const adopted = adopt(c, d, *existing, traits);
    if (!adopted)
        return adopted.error();
    if (*adopted)
        return **adopted;

    auto row = new_row(c, size, merged(*existing, traits), object_place::file);
    row.info.disk_bytes = disk_bytes(s);
    row.epoch = durable ? 0 : epoch;

    file.file()->count_as_open(c.handles->open(d));
    auto const moved = c.folder->publish(file, d, durable);
    auto put = moved ? put_object(c, d, *existing, row, {.sums = sums}, durable ? write_sync::yes : write_sync::no)
                     : result<void>(moved.error());
    bool const orphaned = !put && !*existing; // with a row this file has taken its file's place, and is as good
    if (orphaned)
        if (auto removed = c.folder->remove(d); !removed)
            c.warn(removed.error().message);
    c.folder->end_publication(d);
    if (!put)
        return put.error();
    return row.info;
}

namespace {

// Under the digest's write lock, after its row is gone. A reader that marked the digest before that may be about to
// open the file: then it waits.
void remove_file(core& c, database::batch& done, oci::digest const& d, std::uint64_t disk_bytes) {
    if (!c.handles->is_open(d)) {
        auto const removed = c.folder->remove(d);
        if (removed) {
            c.room.note_freed(disk_bytes);
            c.waiting.gone(d);
            done.erase(family::trash, digest_key(d));
            return;
        }
        c.warn(removed.error().message);
    }
    c.waiting.add(d, disk_bytes);
}

// To some repository. Whatever it is called, only manifests have a type.
bool may_be_manifest(object const& info) {
    return info.kind == object_kind::manifest || info.kind == object_kind::unknown || !info.media_type.empty();
}

// Under the locks of all digests. Rows first, in one batch; then the files.
result<void> erase_all(core& c, std::vector<std::pair<oci::digest, object_row>> const& rows, bool evicted) {
    if (rows.empty())
        return {};
    database::batch b(*c.db);
    for (auto const& [d, row] : rows) {
        if (auto staged = stage_erasure(c, b, d, row); !staged)
            return staged.error();
    }
    if (auto written = c.write(b, write_sync::no, removal_margin_bytes); !written)
        return written.error();

    database::batch done(*c.db);
    bool any_manifest = false;
    for (auto const& [d, row] : rows) {
        c.residents->erased(d, evicted);
        any_manifest = any_manifest || may_be_manifest(row.info);
        if (row.info.place == object_place::file)
            remove_file(c, done, d, row.info.disk_bytes);
    }
    if (any_manifest) // nothing else is remembered outside the store
        c.outdate_lookups();
    if (done.empty())
        return {};
    return c.write(done, write_sync::no, removal_margin_bytes);
}

} // namespace

result<void> withdraw(core& c, oci::digest const& d) {
    auto const lock = c.locks.hold(d);
    auto const existing = find_object(c, d, access::any);
    if (!existing)
        return existing.error();
    if (!*existing)
        return {};
    return erase_all(c, {{d, **existing}}, false);
}

result<void> evict_all(core& c, std::span<oci::digest const> digests,
                       std::function<bool(oci::digest const&, object const&)> const& stays) {
    auto const lock = c.locks.hold(digests);
    std::vector<std::pair<oci::digest, object_row>> rows;
    for (auto const& d : digests) {
        auto row = find_object(c, d, access::any);
        auto const links = count_links(c, d); // erasing it takes both
        if (!row || !links)
            c.warn(d.to_string() + " cannot be evicted: " + (row ? links.error() : row.error()).message);
        else if (!*row)
            c.residents->erased(d, false); // known to the evictor alone
        else if (!c.handles->is_open(d) && !(stays && stays(d, (*row)->info)))
            rows.emplace_back(d, *std::move(*row));
    }
    return erase_all(c, rows, true);
}

void empty_trash(core& c) {
    c.nameless.close_all();
    for (auto const& path : c.folder->left_behind()) {
        std::vector<oci::digest> markers;
        if (auto const d = digest_of_marker(path.substr(path.find('/') + 1)))
            markers.push_back(*d);
        auto const lock = c.locks.hold(std::span<oci::digest const>(markers));
        if (auto removed = c.folder->remove_temp(path); !removed)
            c.warn(removed.error().message);
    }
    for (auto const& d : c.waiting.waiting()) {
        auto const lock = c.locks.hold(d);
        if (!c.waiting.holds(d) || c.handles->is_open(d))
            continue;
        if (auto removed = c.folder->remove(d); !removed) {
            c.warn(removed.error().message);
            continue;
        }
        c.room.note_freed(c.waiting.gone(d));
        database::batch b(*c.db);
        b.erase(family::trash, digest_key(d));
        if (auto written = c.write(b, write_sync::no, removal_margin_bytes); !written)
            c.warn(written.error().message);
    }
}

result<bool> drop_unless_intact(core& c, oci::digest const& d) {
    auto const lock = c.locks.hold(d);
    auto const existing = find_object(c, d, access::any);
    if (!existing)
        return existing.error();
    if (!*existing)
        return false;
    auto const intact = is_intact(c, d, **existing);
    if (!intact)
        return intact.error();
    if (*intact)
        return true;

    c.warn("dropped " + d.to_string() + ": its bytes are not there as recorded");
    if (auto erased = erase_all(c, {{d, **existing}}, false); !erased)
        return erased.error();
    return false;
}

result<bool> settle_suspect(core& c, oci::digest const& d, object_row const& row) {
    auto const sums = find_sums(c, d);
    if (!sums)
        return sums.error();
    auto fd = c.folder->open_blob(d, access::any);
    if (!fd)
        return fd.error();
    bool good = false;
    struct stat s {};
    if (*fd && c.folder->files().stat((*fd)->get(), s) == -1)
        return error_of_errno(errno, "cannot stat " + d.to_string());
    if (*fd && is_content(s, row.info.size)) {
        auto const same = matches(blob_file(std::move(**fd), row.info.size), *sums);
        if (!same)
            return same.error();
        good = *same;
    }

    auto const lock = c.locks.hold(d);
    auto const now = find_object(c, d, access::any);
    if (!now)
        return now.error();
    if (!*now || (*now)->epoch != row.epoch)
        return now->has_value(); // settled or replaced by someone else
    if (good) {
        auto settled = **now;
        settled.epoch = 0;
        if (auto written = update_object(c, d, settled, write_sync::no); !written)
            return written.error();
        return true;
    }
    c.warn("dropped " + d.to_string() + ": a crash of the machine took some of its bytes");
    if (auto erased = erase_all(c, {{d, **now}}, false); !erased)
        return erased.error();
    return false;
}

} // namespace store
