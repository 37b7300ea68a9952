#include "store/metadata_index.h"

#include "store/core.h"
#include "store/eviction/image_graph.h"
#include "store/index_codec.h"
#include "store/link_table.h"
#include "store/pins.h"
#include "store/row_reader.h"

#include <algorithm>

namespace store {
namespace {

error bad_name(std::string_view repo) {
    return error{errc::io, "\"" + std::string(repo.substr(0, 64)) + "\" cannot be a repository's name"};
}

write_sync sync_mode(core const& c) {
    return c.settings.durability == durability::full ? write_sync::yes : write_sync::no;
}

struct new_link {
    oci::digest digest;
    link what;
};

// The manifest itself and its children, each digest once.
std::vector<new_link> links_of(oci::digest const& d, oci::manifest const& m, std::uint64_t size, std::int64_t now) {
    std::vector<new_link> links;
    links.push_back({d, {size, m.media_type, object_kind::manifest, now, true}});
    for (auto const& child : m.children) {
        if (!child.foreign)
            links.push_back({child.digest, {child.size, child.media_type, kind_of_child(m, child.role), now}});
    }
    auto const by_digest = [](new_link const& a, new_link const& b) { return a.digest < b.digest; };
    auto const same = [](new_link const& a, new_link const& b) { return a.digest == b.digest; };
    std::stable_sort(links.begin(), links.end(), by_digest);
    links.erase(std::unique(links.begin(), links.end(), same), links.end());
    return links;
}

} // namespace

result<std::optional<link>> metadata_index::find_link(repository_name const& repo, oci::digest const& d,
                                                      access a) const {
    if (!is_repository_name(repo))
        return std::optional<link>();
    return find_link_row(core_, repo, d, a);
}

result<void> metadata_index::put_link(repository_name const& repo, oci::digest const& d, link const& l) {
    if (!is_repository_name(repo))
        return bad_name(repo);
    auto const lock = core_.locks.hold(d);
    database::batch b(*core_.db);
    if (auto staged = stage_link(core_, b, repo, d, l); !staged)
        return staged.error();
    if (b.empty())
        return {};
    auto written = core_.write(b, sync_mode(core_));
    core_.residents->facts_changed(d);
    return written;
}

result<void> metadata_index::remove_link(repository_name const& repo, oci::digest const& d) {
    if (!is_repository_name(repo))
        return {};
    auto const lock = core_.locks.hold(d);
    database::batch b(*core_.db);
    auto const was_linked = stage_unlink(core_, b, repo, d);
    if (!was_linked)
        return was_linked.error();
    if (!*was_linked)
        return {};
    auto written = core_.write(b, sync_mode(core_), removal_margin_bytes);
    core_.outdate_lookups();
    core_.residents->facts_changed(d);
    return written;
}

result<std::optional<tag_record>> metadata_index::find_tag(repository_name const& repo, oci::tag const& t,
                                                           access a) const {
    if (!is_repository_name(repo))
        return std::optional<tag_record>();
    return find_row<tag_record>(core_, family::tags, tag_key(repo, t.name()), a, decode_tag, "a tag");
}

result<void> metadata_index::put_tag(repository_name const& repo, oci::tag const& t, tag_record const& r) {
    if (!is_repository_name(repo))
        return bad_name(repo);
    auto const key = tag_key(repo, t.name());
    auto const lock = core_.locks.hold_key(key);
    auto const before = find_row<tag_record>(core_, family::tags, key, access::any, decode_tag, "a tag");
    if (!before)
        return before.error();
    database::batch b(*core_.db);
    b.put(family::tags, key, encode(r));
    auto written = core_.write(b, sync_mode(core_));
    bool const moved = !*before || (*before)->digest != r.digest;
    if (*before && moved)
        core_.outdate_lookups();
    if (written && moved)
        return refresh_pins_of(core_, repo);
    return written;
}

result<void> metadata_index::remove_tag(repository_name const& repo, oci::tag const& t) {
    if (!is_repository_name(repo))
        return {};
    auto const key = tag_key(repo, t.name());
    auto const lock = core_.locks.hold_key(key);
    database::batch b(*core_.db);
    b.erase(family::tags, key);
    auto written = core_.write(b, sync_mode(core_));
    core_.outdate_lookups();
    return written;
}

result<void> metadata_index::put_manifest(repository_name const& repo, oci::digest const& d, oci::manifest const& m,
                                          std::uint64_t size) {
    if (!is_repository_name(repo))
        return bad_name(repo);
    auto const links = links_of(d, m, size, core_.now());
    std::vector<oci::digest> digests;
    digests.reserve(links.size());
    for (auto const& l : links)
        digests.push_back(l.digest);

    auto const lock = core_.locks.hold(digests);
    database::batch b(*core_.db);
    for (auto const& l : links) {
        if (auto staged = stage_link(core_, b, repo, l.digest, l.what); !staged)
            return staged.error();
    }
    if (auto staged = stage_children(core_, b, d, m); !staged)
        return staged.error();
    if (b.empty())
        return {};
    auto written = core_.write(b, sync_mode(core_));
    for (auto const& linked : digests)
        core_.residents->facts_changed(linked);
    if (written)
        return refresh_pins_of(core_, repo);
    return written;
}

result<std::vector<oci::descriptor>> metadata_index::children(oci::digest const& manifest) const {
    auto row = find_row<std::vector<oci::descriptor>>(core_, family::children, digest_key(manifest), access::any,
                                                      decode_children, "children of a manifest");
    if (!row)
        return row.error();
    return *row ? **std::move(row) : std::vector<oci::descriptor>();
}

result<bool> metadata_index::has_links(repository_name const& repo) const {
    if (!is_repository_name(repo))
        return false;
    auto const first = tag_key(repo, {});
    auto const rows = core_.db->scan(family::links);
    rows->Seek({first.view().data(), first.view().size()});
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the links");
    return rows->Valid() && rows->key().ToStringView().starts_with(first.view());
}

result<std::vector<repository_name>> metadata_index::repositories(std::string_view after, std::size_t limit) const {
    std::vector<repository_name> names;
    auto const rows = core_.db->scan(family::links);
    // One seek a repository: past all keys that begin with its name and the zero byte.
    auto const seek_past = [&](std::string_view name) {
        auto const key = index_key{}.add(name).add('\1');
        rows->Seek({key.view().data(), key.view().size()});
    };
    if (after.empty())
        rows->SeekToFirst();
    else
        seek_past(after);
    while (rows->Valid() && names.size() < limit) {
        auto const key = split_repository(rows->key().ToStringView());
        if (!key)
            return corrupt_row("a link");
        names.emplace_back(key->repo);
        seek_past(names.back());
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot list repositories");
    return names;
}

result<std::vector<std::string>> metadata_index::tags(repository_name const& repo, std::string_view after,
                                                      std::size_t limit) const {
    std::vector<std::string> names;
    if (!is_repository_name(repo))
        return names;
    auto const rows = core_.db->scan(family::tags);
    auto const first = tag_key(repo, after);
    for (rows->Seek({first.view().data(), first.view().size()}); rows->Valid() && names.size() < limit; rows->Next()) {
        auto const key = split_repository(rows->key().ToStringView());
        if (!key)
            return corrupt_row("a tag");
        if (key->repo != repo)
            break;
        if (key->rest > after)
            names.emplace_back(key->rest);
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot list tags");
    return names;
}

result<void> metadata_index::put_pin(repository_name const& repo, oci::reference const& r) {
    if (!is_repository_name(repo))
        return bad_name(repo);
    auto const key = tag_key(repo, oci::to_string(r));
    {
        auto const lock = core_.locks.hold_key(key);
        rocksdb::PinnableSlice before;
        auto const found = core_.db->get(family::pins, key, access::any, before);
        if (!found)
            return found.error();
        if (*found)
            return {};
        database::batch b(*core_.db);
        b.put(family::pins, key, encode_count(static_cast<std::uint64_t>(std::max<std::int64_t>(core_.now(), 0))));
        if (auto written = core_.write(b, write_sync::yes); !written)
            return written.error();
    }
    return refresh_pins(core_);
}

result<bool> metadata_index::remove_pin(repository_name const& repo, oci::reference const& r) {
    if (!is_repository_name(repo))
        return false;
    auto const key = tag_key(repo, oci::to_string(r));
    {
        auto const lock = core_.locks.hold_key(key);
        rocksdb::PinnableSlice before;
        auto const found = core_.db->get(family::pins, key, access::any, before);
        if (!found)
            return found.error();
        if (!*found)
            return false;
        database::batch b(*core_.db);
        b.erase(family::pins, key);
        if (auto written = core_.write(b, write_sync::yes); !written)
            return written.error();
    }
    if (auto refreshed = refresh_pins(core_); !refreshed)
        return refreshed.error();
    return true;
}

result<std::vector<metadata_index::pin>> metadata_index::pins() const {
    std::vector<pin> all;
    auto const rows = core_.db->scan(family::pins);
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        auto const key = split_repository(rows->key().ToStringView());
        auto const at = decode_count(rows->value().ToStringView());
        if (!key || !at)
            return corrupt_row("a pin");
        all.push_back({std::string(key->repo), std::string(key->rest), static_cast<std::int64_t>(*at)});
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the pins");
    return all;
}

result<std::vector<repository_name>> metadata_index::holders(oci::digest const& d) const {
    return holders_of(core_, d);
}

result<std::optional<repository_name>>
metadata_index::find_holder(oci::digest const& d, std::function<bool(repository_name const&)> const& suits) const {
    return holder_of(core_, d, suits);
}

result<std::optional<std::string>> metadata_index::find_value(std::string_view name) const {
    rocksdb::PinnableSlice value;
    auto const found = core_.db->get(family::values, name, access::any, value);
    if (!found)
        return found.error();
    return *found ? std::optional(value.ToString()) : std::nullopt;
}

result<void> metadata_index::put_value(std::string_view name, std::string_view value) {
    database::batch b(*core_.db);
    b.put(family::values, name, value);
    return core_.write(b, sync_mode(core_));
}

result<void> metadata_index::remove_value(std::string_view name) {
    database::batch b(*core_.db);
    b.erase(family::values, name);
    return core_.write(b, write_sync::yes, removal_margin_bytes);
}

result<void> metadata_index::sync() {
    return core_.db->sync();
}

void metadata_index::outdate() noexcept {
    core_.outdate_lookups();
}

std::uint64_t metadata_index::generation() const noexcept {
    return core_.generation.load(std::memory_order_acquire);
}

} // namespace store
