#include "store/hosted/unlisting.h"

#include "store/eviction/image_graph.h"
#include "store/index_codec.h"
#include "store/link_table.h"
#include "store/object_table.h"

#include <algorithm>
#include <set>

namespace store {
namespace {

// It stands in the bytes alone. What cannot be read names none.
result<std::optional<oci::digest>> subject_of(core const& c, oci::digest const& d, std::string const& media_type) {
    using subject = std::optional<oci::digest>;
    auto const bytes = read_manifest(c, d);
    if (!bytes)
        return bytes.error();
    auto const parsed = oci::parse_manifest(*bytes, media_type);
    return parsed && parsed->subject ? subject(parsed->subject->digest) : subject();
}

} // namespace

result<std::string> read_manifest(core const& c, oci::digest const& d) {
    auto const row = find_object(c, d, access::any);
    if (!row)
        return row.error();
    if (!*row || (*row)->info.size > oci::max_manifest_size)
        return std::string();
    if ((*row)->info.place == object_place::row) {
        auto const bytes = find_small(c, d, access::any);
        if (!bytes)
            return bytes.error();
        return *bytes ? **bytes : std::string();
    }
    auto fd = c.folder->open_blob(d, access::any);
    if (!fd)
        return fd.error();
    if (!*fd)
        return std::string();
    std::string bytes((*row)->info.size, '\0');
    auto const n = blob_file(*std::move(*fd), bytes.size()).read(0, std::as_writable_bytes(std::span(bytes)));
    if (!n)
        return n.error();
    bytes.resize(*n);
    return bytes;
}

result<std::vector<oci::tag>> tags_of(core const& c, repository_name const& repo, oci::digest const& d) {
    std::vector<oci::tag> tags;
    auto const rows = c.db->scan(family::tags);
    auto const first = tag_key(repo, {});
    for (rows->Seek({first.view().data(), first.view().size()}); rows->Valid(); rows->Next()) {
        auto const key = split_repository(rows->key().ToStringView());
        if (!key || key->repo != repo)
            break;
        auto const record = decode_tag(rows->value().ToStringView());
        auto t = oci::tag::parse(key->rest);
        if (t && record && record->digest == d)
            tags.push_back(*std::move(t));
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the tags");
    return tags;
}

std::vector<std::string> tag_keys(repository_name const& repo, std::vector<oci::tag> const& tags) {
    std::vector<std::string> keys;
    keys.reserve(tags.size());
    for (auto const& t : tags)
        keys.emplace_back(tag_key(repo, t.name()).view());
    return keys;
}

result<bool> unlist_manifest(core& c, repository_name const& repo, oci::digest const& d) {
    auto const known = find_link_row(c, repo, d, access::any);
    if (!known)
        return known.error();
    if (!*known || (*known)->kind != object_kind::manifest)
        return false;
    auto const subject = subject_of(c, d, (*known)->media_type);
    if (!subject)
        return subject.error();
    for (;;) {
        // Until its lock is held another tag can come to mean it.
        auto const before = tags_of(c, repo, d);
        if (!before)
            return before.error();
        oci::digest const one[] = {d};
        auto const lock = c.locks.hold(one, tag_keys(repo, *before));
        auto const tags = tags_of(c, repo, d);
        if (!tags)
            return tags.error();
        if (!std::includes(before->begin(), before->end(), tags->begin(), tags->end()))
            continue;
        database::batch b(*c.db);
        auto const unlinked = stage_unlink(c, b, repo, d);
        if (!unlinked || !*unlinked)
            return unlinked;
        for (auto const& t : *tags)
            b.erase(family::tags, tag_key(repo, t.name()));
        if (*subject)
            b.erase(family::referrers, referrer_key(repo, **subject, d));
        auto written = c.write(b, write_sync::yes, removal_margin_bytes);
        c.outdate_lookups();
        c.residents->facts_changed(d);
        if (!written)
            return written.error();
        return true;
    }
}

result<void> unlist_images_of(core& c, oci::digest const& d) {
    std::vector<oci::digest> todo{d};
    std::set<oci::digest> seen{d};
    for (std::size_t i = 0; i < todo.size(); ++i) {
        auto const row = find_object(c, todo[i], access::any);
        if (!row)
            return row.error();
        if (*row && (*row)->info.origin == object_origin::push) {
            auto const holders = holders_of(c, todo[i]);
            if (!holders)
                return holders.error();
            for (auto const& repo : *holders)
                if (auto unlisted = unlist_manifest(c, repo, todo[i]); !unlisted)
                    return unlisted.error();
        }
        auto const parents = parents_of(c, todo[i]);
        if (!parents)
            return parents.error();
        for (auto const& p : *parents)
            if (seen.insert(p).second)
                todo.push_back(p);
    }
    return {};
}

} // namespace store
