#include "store/pins.h"

#include "store/core.h"
#include "store/eviction/image_graph.h"
#include "store/index_codec.h"

#include <deque>
#include <unordered_set>

namespace store {
namespace {

// What the reference behind a pin's key means now; nothing for a tag that is not known (yet).
result<std::optional<oci::digest>> meaning_of(core const& c, std::string_view repo, std::string_view reference) {
    if (auto const d = oci::digest::parse(reference))
        return std::optional(*d);
    rocksdb::PinnableSlice value;
    auto const found = c.db->get(family::tags, tag_key(repo, reference), access::any, value);
    if (!found)
        return found.error();
    if (!*found)
        return std::optional<oci::digest>();
    auto const tag = decode_tag(value.ToStringView());
    if (!tag)
        return corrupt_row("a tag");
    return std::optional(tag->digest);
}

result<std::vector<oci::digest>> pinned_manifests(core const& c) {
    std::vector<oci::digest> manifests;
    auto const rows = c.db->scan(family::pins);
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        auto const key = split_repository(rows->key().ToStringView());
        if (!key)
            return corrupt_row("a pin");
        auto const d = meaning_of(c, key->repo, key->rest);
        if (!d)
            return d.error();
        if (*d)
            manifests.push_back(**d);
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the pins");
    return manifests;
}

} // namespace

result<void> refresh_pins(core& c) {
    std::lock_guard const in_order(c.pinning);
    auto const roots = pinned_manifests(c);
    if (!roots)
        return roots.error();
    std::unordered_set<oci::digest> pinned(roots->begin(), roots->end());
    std::deque<oci::digest> open(roots->begin(), roots->end());
    for (; !open.empty(); open.pop_front()) {
        auto const children = children_of(c, open.front());
        if (!children)
            return children.error();
        for (auto const& child : *children) {
            if (pinned.insert(child).second)
                open.push_back(child);
        }
    }
    c.residents->set_pinned(std::move(pinned));
    return {};
}

result<void> refresh_pins_of(core& c, std::string_view repo) {
    auto const first = tag_key(repo, "");
    auto const rows = c.db->scan(family::pins);
    rows->Seek({first.view().data(), first.view().size()});
    if (!rows->Valid() || !rows->key().ToStringView().starts_with(first.view()))
        return {};
    return refresh_pins(c);
}

} // namespace store
