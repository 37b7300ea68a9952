#include "store/image_purge.h"

#include "store/core.h"
#include "store/eviction/image_graph.h"
#include "store/hosted/unlisting.h"
#include "store/index_codec.h"

namespace store {

result<gc_report> image_purge::run(oci::reference const& r) {
    if (auto const* d = std::get_if<oci::digest>(&r))
        return take(*d, false);
    auto const manifest = take_tag(std::get<oci::tag>(r));
    if (!manifest)
        return manifest.error();
    return *manifest ? take(**manifest, true) : gc_report();
}

// What it meant.
result<std::optional<oci::digest>> image_purge::take_tag(oci::tag const& t) {
    auto const known = index_.find_tag(repo_, t);
    if (!known)
        return known.error();
    if (auto removed = index_.remove_tag(repo_, t); !removed)
        return removed.error();
    return *known ? std::optional((*known)->digest) : std::nullopt;
}

result<gc_report> image_purge::take(oci::digest const& manifest, bool unless_needed) {
    auto const all = closure_of(core_, manifest);
    if (!all)
        return all.error();
    digests const parts(all->begin(), all->end());
    if (auto looked = look_for_tags(parts); !looked)
        return looked.error();
    if (auto looked = look_for_pins(parts); !looked)
        return looked.error();
    if (unless_needed) {
        auto const named = is_named(manifest, {});
        if (!named)
            return named.error();
        if (*named || kept_.contains(manifest))
            return gc_report();
    }
    auto const going = content_of(manifest);
    if (!going)
        return going.error();
    if (auto unlinked = unlink(*all); !unlinked)
        return unlinked.error();
    return core_.residents->purge(*going);
}

// One pass over the tags, of which there may be more than fit into memory.
result<void> image_purge::look_for_tags(digests const& of) {
    auto const rows = core_.db->scan(family::tags);
    auto const first = tag_key(repo_, {});
    for (rows->Seek({first.view().data(), first.view().size()}); rows->Valid(); rows->Next()) {
        if (!rows->key().ToStringView().starts_with(first.view()))
            break;
        auto const record = decode_tag(rows->value().ToStringView());
        if (!record)
            return corrupt_row("a tag");
        if (of.contains(record->digest))
            kept_.insert(record->digest);
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the tags");
    return {};
}

// A pinned tag is a tag too.
result<void> image_purge::look_for_pins(digests const& of) {
    auto const pins = index_.pins();
    if (!pins)
        return pins.error();
    for (auto const& p : *pins) {
        auto const d = oci::digest::parse(p.reference);
        if (d && p.repo == repo_ && of.contains(*d))
            kept_.insert(*d);
    }
    return {};
}

// Whether an image of the repository names it, other than those that leave.
result<bool> image_purge::is_named(oci::digest const& d, digests const& leaving) const {
    auto const parents = parents_of(core_, d);
    if (!parents)
        return parents.error();
    for (auto const& p : *parents) {
        if (leaving.contains(p))
            continue;
        auto const link = index_.find_link(repo_, p);
        if (!link)
            return link.error();
        if (*link)
            return true;
    }
    return false;
}

// What can go from the disk, before its last link here does.
result<std::vector<oci::digest>> image_purge::content_of(oci::digest const& manifest) const {
    auto parts = parts_of_this_alone(core_, manifest, kept_);
    if (!parts)
        return parts.error();
    std::vector<oci::digest> going;
    for (auto const& part : *parts) {
        auto const other = holder_of(core_, part, [&](repository_name const& holder) { return holder != repo_; });
        if (!other)
            return other.error();
        if (!*other)
            going.push_back(part);
    }
    return going;
}

// The image, which comes first, with all of it that no other image of this repository names and that is none itself.
result<std::vector<oci::digest>> image_purge::leaving(std::vector<oci::digest> const& all) const {
    std::vector<oci::digest> out{all.front()};
    digests seen{all.front()};
    for (auto const& d : all) {
        if (seen.contains(d) || kept_.contains(d))
            continue;
        auto const named = is_named(d, seen);
        if (!named)
            return named.error();
        if (*named)
            continue;
        out.push_back(d);
        seen.insert(d);
    }
    return out;
}

// Pushed manifests first, while their bytes still say which subject lists them.
result<void> image_purge::unlink(std::vector<oci::digest> const& all) {
    auto const going = leaving(all);
    if (!going)
        return going.error();
    auto const unlisted = mirrored_ ? std::size_t{0} : unlist_manifests(core_, repo_, *going);
    if (!unlisted)
        return unlisted.error();
    for (auto const& d : *going) {
        if (auto unlinked = index_.remove_link(repo_, d); !unlinked)
            return unlinked.error();
    }
    return {};
}

} // namespace store
