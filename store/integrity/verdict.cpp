#include "store/integrity/verdict.h"

#include "store/integrity/quarantine.h"
#include "store/object_table.h"

namespace store {
namespace {

bool same_file(struct stat const& a, struct stat const& b) noexcept {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Without what the row said, the sums cannot follow: the next reconciliation counts them anew.
result<bool> erase_unreadable_row(core& c, oci::digest const& d) {
    if (auto const row = find_object(c, d, access::any); row || row.error().code != errc::corrupt)
        return row ? result<bool>(false) : row.error();
    database::batch b(*c.db);
    for (auto const f : {family::objects, family::small, family::sums})
        b.erase(f, digest_key(d));
    b.erase(family::uses, digest_key(d));
    auto const written = c.write(b, write_sync::no, removal_margin_bytes);
    if (!written)
        return written.error();
    c.residents->erased(d, false);
    c.outdate_lookups();
    return true;
}

// Whether the row stands for what was found to be wrong.
result<bool> is_same(core const& c, scrub_finding const& f, object const& info,
                     std::optional<struct stat> const& file) {
    if (info.place == object_place::row) {
        if (file || f.what == damage::missing)
            return false;
        auto const bytes = find_small(c, f.digest, access::any);
        if (!bytes)
            return bytes.error();
        return !*bytes || oci::digest::of(**bytes, f.digest.algo()) != f.digest;
    }
    auto const now = c.folder->stat_blob(f.digest);
    if (!now)
        return now.error();
    bool const is_file = *now && S_ISREG((*now)->st_mode);
    if (f.what == damage::missing || !file)
        return !is_file;
    return is_file && same_file(**now, *file);
}

result<void> erase(core& c, oci::digest const& d, object_row const& row) {
    database::batch b(*c.db);
    if (auto staged = stage_erasure(c, b, d, row); !staged)
        return staged;
    if (auto written = c.write(b, write_sync::no, removal_margin_bytes); !written)
        return written;
    c.residents->erased(d, false);
    c.outdate_lookups();
    return {};
}

// The erasure has put the file into the trash: it leaves that for quarantine, or waits there if it cannot.
bool put_away(core& c, oci::digest const& d, std::uint64_t disk_bytes, bool is_there) {
    quarantine kept(*c.folder);
    auto const taken = is_there ? kept.take(d) : result<bool>(false);
    if (auto const bytes = kept.bytes())
        c.quarantined = *bytes;
    if (!taken) {
        c.warn(taken.error().message);
        c.waiting.add(d, disk_bytes);
        return false;
    }
    database::batch b(*c.db);
    b.erase(family::trash, digest_key(d));
    if (auto written = c.write(b, write_sync::no, removal_margin_bytes); !written)
        c.warn(written.error().message); // the next start finds nothing to remove
    return *taken;
}

} // namespace

result<std::optional<scrub_finding>> condemn(core& c, scrub_finding const& f, std::optional<struct stat> const& file) {
    using outcome = std::optional<scrub_finding>;
    auto const lock = c.locks.hold(f.digest);
    if (f.what == damage::wrong_row) {
        auto const erased = erase_unreadable_row(c, f.digest);
        if (!erased)
            return erased.error();
        if (*erased)
            return outcome(f);
    }
    auto const row = find_object(c, f.digest, access::any);
    if (!row)
        return row.error();
    if (!*row)
        return outcome();
    auto const same = is_same(c, f, (*row)->info, file);
    if (!same)
        return same.error();
    if (!*same)
        return outcome();

    if (auto erased = erase(c, f.digest, **row); !erased)
        return erased.error();
    auto done = f;
    if ((*row)->info.place == object_place::file)
        done.quarantined = put_away(c, f.digest, (*row)->info.disk_bytes, file.has_value());
    return outcome(done);
}

result<void> rewrite_sums(core& c, oci::digest const& d, struct stat const& file, std::span<std::uint64_t const> sums) {
    auto const lock = c.locks.hold(d);
    auto const row = find_object(c, d, access::any);
    if (!row)
        return row.error();
    auto const now = c.folder->stat_blob(d);
    if (!now)
        return now.error();
    if (!*row || (*row)->info.place != object_place::file || !*now || !same_file(**now, file))
        return {};
    database::batch b(*c.db);
    b.put(family::sums, digest_key(d), encode_sums(sums));
    return c.write(b, write_sync::no);
}

result<void> settle(core& c, oci::digest const& d, object_row const& row) {
    auto const lock = c.locks.hold(d);
    auto const now = find_object(c, d, access::any);
    if (!now)
        return now.error();
    if (!*now || (*now)->epoch != row.epoch)
        return {};
    auto settled = **now;
    settled.epoch = 0;
    return update_object(c, d, settled, write_sync::no);
}

} // namespace store
