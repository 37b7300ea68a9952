#include "store/eviction/image_graph.h"

#include "store/core.h"
#include "store/index_codec.h"
#include "store/object_table.h"

#include <algorithm>
#include <functional>

namespace store {
namespace {

// What stands behind `first` in every key of the family that begins with it, until `take` wants no more.
result<void> for_each_behind(core const& c, family f, index_key const& first,
                             std::function<bool(std::string_view)> const& take) {
    auto const rows = c.db->scan(f);
    for (rows->Seek({first.view().data(), first.view().size()}); rows->Valid(); rows->Next()) {
        auto const key = rows->key().ToStringView();
        if (!key.starts_with(first.view()) || !take(key.substr(first.view().size())))
            break;
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the index");
    return {};
}

} // namespace

result<std::vector<oci::digest>> children_of(core const& c, oci::digest const& manifest) {
    std::vector<oci::digest> children;
    rocksdb::PinnableSlice value;
    auto const found = c.db->get(family::children, digest_key(manifest), access::any, value);
    if (!found)
        return found.error();
    if (!*found)
        return children;
    auto const row = decode_children(value.ToStringView());
    if (!row)
        return corrupt_row("children of a manifest");
    children.reserve(row->size());
    for (auto const& child : *row)
        children.push_back(child.digest);
    return children;
}

result<std::vector<oci::digest>> parents_of(core const& c, oci::digest const& d, std::size_t at_most) {
    std::vector<oci::digest> parents;
    auto const read = for_each_behind(c, family::parents, digest_key(d), [&](std::string_view key) {
        if (auto const parent = decode_digest_key(key))
            parents.push_back(*parent);
        return parents.size() < at_most;
    });
    if (!read)
        return read.error();
    return parents;
}

result<std::vector<oci::digest>> referrers_of(core const& c, std::string const& repo, oci::digest const& subject) {
    std::vector<oci::digest> referrers;
    auto const read = for_each_behind(c, family::referrers, link_key(repo, subject), [&](std::string_view key) {
        if (auto const d = decode_digest_key(key))
            referrers.push_back(*d);
        return true;
    });
    if (!read)
        return read.error();
    return referrers;
}

result<std::vector<oci::digest>> closure_of(core const& c, oci::digest const& manifest) {
    std::vector<oci::digest> all{manifest};
    std::unordered_set<oci::digest> seen{manifest};
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto const children = children_of(c, all[i]);
        if (!children)
            return children.error();
        for (auto const& child : *children) {
            if (seen.insert(child).second)
                all.push_back(child);
        }
    }
    return all;
}

namespace {

bool is_stored(core const& c, oci::digest const& d) {
    auto const row = find_object(c, d, access::any);
    return row && *row;
}

} // namespace

result<std::vector<oci::digest>> parts_of_this_alone(core const& c, oci::digest const& manifest,
                                                     std::unordered_set<oci::digest> const& kept) {
    auto all = closure_of(c, manifest);
    if (!all)
        return all.error();
    std::unordered_set<oci::digest> own(all->begin(), all->end());
    std::erase_if(own, [&](oci::digest const& d) { return d != manifest && kept.contains(d); });
    // What a stranger names is not our own, and neither is what that names: until nothing changes.
    for (bool changed = true; changed;) {
        changed = false;
        for (auto const& d : *all) {
            if (d == manifest || !own.contains(d))
                continue;
            auto const parents = parents_of(c, d);
            if (!parents)
                return parents.error();
            bool const shared = std::any_of(parents->begin(), parents->end(),
                                            [&](oci::digest const& p) { return !own.contains(p) && is_stored(c, p); });
            changed = changed || shared;
            if (shared)
                own.erase(d);
        }
    }
    std::vector<oci::digest> parts;
    for (auto at = all->rbegin(); at != all->rend(); ++at) {
        if (own.contains(*at) && is_stored(c, *at))
            parts.push_back(*at);
    }
    return parts;
}

result<std::vector<std::string>> holders_of(core const& c, oci::digest const& d) {
    std::vector<std::string> repositories;
    auto const read = for_each_behind(c, family::holders, digest_key(d), [&](std::string_view key) {
        repositories.emplace_back(key);
        return true;
    });
    if (!read)
        return read.error();
    return repositories;
}

result<std::optional<std::string>> holder_of(core const& c, oci::digest const& d,
                                             std::function<bool(std::string const&)> const& suits) {
    std::optional<std::string> found;
    auto const read = for_each_behind(c, family::holders, digest_key(d), [&](std::string_view key) {
        std::string repository(key);
        if (suits(repository))
            found = std::move(repository);
        return !found;
    });
    if (!read)
        return read.error();
    return found;
}

result<std::optional<std::string>> holder_below(core const& c, oci::digest const& d, std::string_view beginning) {
    auto const of_digest = digest_key(d).view().size();
    auto const first = holder_key(d, beginning);
    auto const rows = c.db->scan(family::holders);
    rows->Seek({first.view().data(), first.view().size()});
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the index");
    auto const key = rows->Valid() ? rows->key().ToStringView() : std::string_view();
    return key.starts_with(first.view()) ? std::optional(std::string(key.substr(of_digest))) : std::nullopt;
}

} // namespace store
