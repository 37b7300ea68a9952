#include "store/eviction/image_graph.h"

#include "store/core.h"
#include "store/index_codec.h"

#include <functional>

namespace store {
namespace {

// What stands behind the digest in every key of the family that begins with it.
result<void> for_each_behind(core const& c, family f, oci::digest const& d,
                             std::function<void(std::string_view)> const& take) {
    auto const first = digest_key(d);
    auto const rows = c.db->scan(f);
    for (rows->Seek({first.view().data(), first.view().size()}); rows->Valid(); rows->Next()) {
        auto const key = rows->key().ToStringView();
        if (!key.starts_with(first.view()))
            break;
        take(key.substr(first.view().size()));
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

result<std::vector<oci::digest>> parents_of(core const& c, oci::digest const& d) {
    std::vector<oci::digest> parents;
    auto const read = for_each_behind(c, family::parents, d, [&](std::string_view key) {
        if (auto const parent = decode_digest_key(key))
            parents.push_back(*parent);
    });
    if (!read)
        return read.error();
    return parents;
}

result<std::vector<std::string>> holders_of(core const& c, oci::digest const& d) {
    std::vector<std::string> repositories;
    auto const read =
        for_each_behind(c, family::holders, d, [&](std::string_view key) { repositories.emplace_back(key); });
    if (!read)
        return read.error();
    return repositories;
}

} // namespace store
