// fsck's look at the index alone: every row can be decoded, and link counts and sums are those of the rows.
#include "store/integrity/blob_walk.h"
#include "store/integrity/fsck_run.h"
#include "store/integrity/recount.h"
#include "store/object_table.h"
#include "store/series_table.h"

#include <algorithm>
#include <optional>

namespace store {
namespace {

constexpr std::size_t batch_rows = 1000;

std::string printable(std::string_view key) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text = "key ";
    for (auto const c : key.substr(0, 80)) {
        text += digits[static_cast<unsigned char>(c) >> 4];
        text += digits[static_cast<unsigned char>(c) & 15];
    }
    return text;
}

std::string subject_of(family f, std::string_view key) {
    if (auto const d = decode_digest_key(key))
        return d->to_string();
    if (auto const split = split_repository(key); split && is_repository_name(split->repo)) {
        if (auto const d = decode_digest_key(split->rest))
            return std::string(split->repo) + "@" + d->to_string();
        if (f == family::tags || f == family::pins)
            return std::string(split->repo) + ":" + std::string(split->rest);
    }
    return printable(key);
}

bool is_link_key(std::string_view key) {
    auto const split = split_repository(key);
    return split && is_repository_name(split->repo) && decode_digest_key(split->rest);
}

bool is_tag_key(std::string_view key) {
    auto const split = split_repository(key);
    return split && is_repository_name(split->repo) && oci::tag::parse(split->rest);
}

bool is_pin_key(std::string_view key) {
    auto const split = split_repository(key);
    return split && is_repository_name(split->repo) && oci::parse_reference(split->rest);
}

bool is_parent_key(std::string_view key) {
    auto const manifest = behind_digest(key);
    return manifest && decode_digest_key(*manifest);
}

bool is_holder_key(std::string_view key) {
    auto const repo = behind_digest(key);
    return repo && is_repository_name(*repo);
}

bool is_referrer_key(std::string_view key) {
    auto const split = split_repository(key);
    auto const manifest = split ? behind_digest(split->rest) : std::nullopt;
    return manifest && is_repository_name(split->repo) && decode_digest_key(*manifest);
}

// Of the families whose rows stand for themselves.
bool is_readable(family f, std::string_view key, std::string_view value) {
    switch (f) {
    case family::objects:
        return decode_digest_key(key) && decode_object(value);
    case family::small:
    case family::link_counts: // the number is compared when links are counted
        return decode_digest_key(key).has_value();
    case family::sums:
        return decode_digest_key(key) && decode_sums(value);
    case family::links:
        return is_link_key(key) && decode_link(value);
    case family::tags:
        return is_tag_key(key) && decode_tag(value);
    case family::children:
        return decode_digest_key(key) && decode_children(value);
    case family::uses:
        return decode_digest_key(key) && decode_use(value);
    case family::parents:
        return is_parent_key(key);
    case family::holders:
        return is_holder_key(key);
    case family::pins:
        return is_pin_key(key) && decode_count(value);
    case family::trash:
        return decode_digest_key(key) && decode_count(value);
    case family::uploads:
        return decode_upload(value).has_value();
    case family::referrers:
        return is_referrer_key(key) && decode_referrer(value);
    case family::series:
        return is_series_key(key); // what it says is not the store's to know
    case family::meta:
    case family::values:
        return true;
    }
    return true;
}

std::string_view name_of(family f) {
    switch (f) {
    case family::objects:
        return "an object's row";
    case family::small:
        return "the row of an object's content";
    case family::sums:
        return "an object's block sums";
    case family::links:
        return "a link";
    case family::link_counts:
        return "a link count";
    case family::tags:
        return "a tag";
    case family::children:
        return "a manifest's children";
    case family::uses:
        return "an object's last use";
    case family::parents:
        return "the row of a part and its manifest";
    case family::holders:
        return "the row of an object and its repository";
    case family::pins:
        return "a pin";
    case family::trash:
        return "the row of a file to be removed";
    case family::uploads:
        return "an upload session";
    case family::referrers:
        return "a referrer";
    case family::series:
        return "a row of statistics";
    case family::meta:
    case family::values:
        break;
    }
    return "a row";
}

// Content and sums belong to an object of the right place.
result<bool> is_stray(core const& c, family f, oci::digest const& d) {
    if (f != family::small && f != family::sums)
        return false;
    auto const row = find_object(c, d, access::any);
    if (!row)
        return row.error().code == errc::corrupt ? result<bool>(false) : row.error();
    return !*row || ((*row)->info.place == object_place::row) != (f == family::small);
}

result<void> erase_rows(fsck_run& run, family f, std::vector<std::string> const& keys) {
    if (!run.options.repair || keys.empty())
        return {};
    database::batch b(*run.c->db);
    for (auto const& key : keys) {
        b.erase(f, key);
        if (f == family::objects) {
            b.erase(family::small, key);
            b.erase(family::sums, key);
            b.erase(family::uses, key);
        }
    }
    return run.write(b);
}

result<void> check_family(fsck_run& run, family f) {
    std::vector<std::string> bad;
    auto const rows = run.c->db->scan(f);
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        auto const key = rows->key().ToStringView();
        auto const value = rows->value().ToStringView();
        bool const readable = is_readable(f, key, value);
        auto const d = decode_digest_key(key);
        auto const stray = readable && d ? is_stray(*run.c, f, *d) : result<bool>(false);
        if (!stray)
            return stray.error();
        if (readable && f == family::objects) {
            auto const row = *decode_object(value);
            run.bytes_total += row.info.size;
            run.last_epoch = std::max(run.last_epoch, row.epoch);
        }
        if (readable && !*stray)
            continue;
        run.find(readable ? fault::stray_row : fault::undecodable_row, subject_of(f, key),
                 std::string(name_of(f)) + (readable ? " belongs to no object" : " cannot be read"));
        bad.emplace_back(key);
        if (bad.size() == batch_rows) {
            if (auto erased = erase_rows(run, f, std::exchange(bad, {})); !erased)
                return erased.error();
        }
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the index");
    return erase_rows(run, f, bad);
}

// A store does not open without its epoch. After this run no content is suspect any more, so one that begins anew
// only has to be later than all rows.
result<void> check_epoch(fsck_run& run) {
    rocksdb::PinnableSlice value;
    auto const found = run.c->db->get(family::meta, "epoch", access::any, value);
    if (!found)
        return found.error();
    if (!*found || decode_epoch(value.ToStringView()))
        return {};
    run.find(fault::undecodable_row, "epoch", "the row that says what a crash may have touched cannot be read");
    if (!run.options.repair)
        return {};
    database::batch b(*run.c->db);
    b.put(family::meta, "epoch", encode(epoch_record{run.last_epoch + 1, 1, 0, {}}));
    return run.write(b);
}

result<std::unique_ptr<recount>> count_all(fsck_run& run) {
    auto r = std::make_unique<recount>(run.c);
    for (;;) {
        auto const done = r->step(batch_rows);
        if (!done)
            return done.error();
        if (*done)
            return r;
    }
}

result<void> check_link_counts(fsck_run& run, std::vector<wrong_count> const& wrong) {
    for (auto const& w : wrong) {
        run.find(fault::wrong_link_count, w.digest.to_string(),
                 "its link count lacks " + std::to_string(w.missing) + " of " + std::to_string(w.links) + " links");
        if (!run.options.repair)
            continue;
        database::batch b(*run.c->db);
        if (w.links > 0)
            b.put(family::link_counts, digest_key(w.digest), encode_count(w.links));
        else
            b.erase(family::link_counts, digest_key(w.digest));
        if (auto written = run.write(b); !written)
            return written.error();
    }
    return {};
}

} // namespace

result<void> check_rows(fsck_run& run) {
    for (auto const f : {family::objects, family::small, family::sums, family::links, family::link_counts, family::tags,
                         family::children, family::uses, family::parents, family::holders, family::pins, family::trash,
                         family::uploads, family::referrers, family::series}) {
        if (auto checked = check_family(run, f); !checked)
            return checked.error();
    }
    return check_epoch(run);
}

result<void> check_counts(fsck_run& run) {
    auto const counted = count_all(run);
    if (!counted)
        return counted.error();
    if (auto checked = check_link_counts(run, (*counted)->wrong_counts()); !checked)
        return checked.error();
    if (!(*counted)->sums_readable()) {
        run.find(fault::wrong_totals, "totals", "the running sums cannot be read");
        return {};
    }
    auto const drift = (*counted)->drift();
    auto const check = [&](std::int64_t lacks, char const* name) {
        if (lacks != 0)
            run.find(fault::wrong_totals, name, "the running sum lacks " + std::to_string(lacks));
    };
    check(drift.objects, "objects");
    check(drift.content_bytes, "content_bytes");
    check(drift.file_bytes, "file_bytes");
    check(drift.logical_bytes, "logical_bytes");
    check(drift.files, "files");
    return {};
}

result<void> write_totals(fsck_run& run) {
    auto const counted = count_all(run);
    if (!counted)
        return counted.error();
    auto const& sums = (*counted)->counted();
    database::batch b(*run.c->db);
    b.put(family::meta, "totals", encode(sums));
    return run.c->db->write(b, write_sync::yes);
}

} // namespace store
