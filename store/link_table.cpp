#include "store/link_table.h"

#include "oci/media_type.h"
#include "store/object_table.h"
#include "store/row_reader.h"

#include <algorithm>
#include <unordered_set>

namespace store {
namespace {

// What is known of a link from two sides; a kind or a type, once known, and a proof stay. What upstream gave is not
// changed by what a manifest says of it.
link merged(link const& before, link now) {
    bool const is_hearsay = before.proven && !now.proven;
    if (now.kind == object_kind::unknown || (is_hearsay && before.kind != object_kind::unknown))
        now.kind = before.kind;
    if (now.media_type.empty() || (is_hearsay && !before.media_type.empty()))
        now.media_type = before.media_type;
    if (is_hearsay && before.size > 0)
        now.size = before.size;
    now.linked_at = before.linked_at;
    now.proven = now.proven || before.proven;
    return now;
}

bool is_build_cache(oci::manifest const& m) {
    return m.artifact_type == oci::media_type::buildkit_cacheconfig ||
           std::any_of(m.children.begin(), m.children.end(),
                       [](oci::descriptor const& c) { return c.media_type == oci::media_type::buildkit_cacheconfig; });
}

// What of `known` is not among `children` goes behind them.
void add_missing(std::vector<oci::descriptor> known, std::vector<oci::descriptor>& children) {
    std::unordered_set<oci::digest> named;
    for (auto const& child : children)
        named.insert(child.digest);
    for (auto& child : known)
        if (!named.contains(child.digest))
            children.push_back(std::move(child));
}

} // namespace

result<std::optional<link>> find_link_row(core const& c, repository_name const& repo, oci::digest const& d, access a) {
    return find_row<link>(c, family::links, link_key(repo, d), a, decode_link, "a link");
}

result<void> stage_link(core const& c, database::batch& b, repository_name const& repo, oci::digest const& d,
                        link const& l) {
    auto const key = link_key(repo, d);
    auto const before = find_link_row(c, repo, d, access::any);
    if (!before)
        return before.error();
    if (*before) {
        auto const now = merged(**before, l);
        if (now != **before)
            b.put(family::links, key, encode(now));
        return {};
    }
    auto const links = count_links(c, d);
    if (!links)
        return links.error();
    auto const object = find_object(c, d, access::any);
    if (!object)
        return object.error();
    b.put(family::links, key, encode(l));
    b.put(family::holders, holder_key(d, repo), {});
    b.put(family::link_counts, digest_key(d), encode_count(*links + 1));
    if (*object)
        b.add({.logical_bytes = static_cast<std::int64_t>((*object)->info.size)});
    return {};
}

result<bool> stage_unlink(core const& c, database::batch& b, repository_name const& repo, oci::digest const& d) {
    auto const before = find_link_row(c, repo, d, access::any);
    if (!before)
        return before.error();
    if (!*before)
        return false;
    auto const links = count_links(c, d);
    if (!links)
        return links.error();
    auto const object = find_object(c, d, access::any);
    if (!object)
        return object.error();
    b.erase(family::links, link_key(repo, d));
    b.erase(family::holders, holder_key(d, repo));
    if (*links > 1)
        b.put(family::link_counts, digest_key(d), encode_count(*links - 1));
    else
        b.erase(family::link_counts, digest_key(d));
    if (*object)
        b.add({.logical_bytes = -static_cast<std::int64_t>((*object)->info.size)});
    return true;
}

result<void> stage_children(core const& c, database::batch& b, oci::digest const& d, oci::manifest const& m) {
    rocksdb::PinnableSlice before;
    auto const found = c.db->get(family::children, digest_key(d), access::any, before);
    if (!found)
        return found.error();
    auto children = m.children;
    if (auto known = *found ? decode_children(before.ToStringView()) : std::nullopt)
        add_missing(std::move(*known), children);
    auto const row = encode(children);
    if (*found && before.ToStringView() == row)
        return {};
    b.put(family::children, digest_key(d), row);
    for (auto const& child : children)
        b.put(family::parents, parent_key(child.digest, d), {});
    return {};
}

object_kind kind_of_child(oci::manifest const& parent, oci::child_role role) {
    switch (role) {
    case oci::child_role::config:
        return object_kind::config;
    case oci::child_role::layer:
        return is_build_cache(parent) ? object_kind::cache_blob : object_kind::layer;
    case oci::child_role::manifest:
        return object_kind::manifest;
    }
    return object_kind::unknown;
}

} // namespace store
