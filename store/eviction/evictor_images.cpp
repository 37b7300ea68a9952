// The whole-image sense of evictor: what belongs together is used together and goes together.
#include "store/eviction/evictor.h"

#include "store/core.h"
#include "store/eviction/image_graph.h"

#include <algorithm>

namespace store {
namespace {

// Parts of an image are pulled within this many seconds of each other, and count as used at the same time.
constexpr std::uint32_t one_pull = 300;

// Before an image is given up because its manifest, a few kilobytes, was proposed, nobody asked for it this long.
constexpr std::int64_t idle_image = 3600; // seconds

constexpr std::size_t parents_max = 64; // of a base layer that thousands share, these must do

} // namespace

// Asking for a manifest is asking for what it names, but says nothing of how popular each part is: the policies are not
// told, the parts are only spared once.
void evictor::note_use_of_images(std::vector<oci::digest> manifests, std::uint32_t now) {
    constexpr std::size_t manifests_max = 10'000; // of one second; more are as good as seen
    for (std::size_t i = 0; i < manifests.size() && i < manifests_max; ++i) {
        auto const children = children_of(core_, manifests[i]);
        if (!children)
            continue;
        std::lock_guard const lock(mutex_);
        for (auto const& child : *children) {
            auto const id = table_.find(child);
            if (id == no_entry || table_[id].last_used >= now)
                continue;
            auto& r = table_[id];
            r.image_used = now - r.last_used >= one_pull;
            r.last_used = now;
            r.unsaved = true;
            if (r.kind == object_kind::manifest)
                manifests.push_back(child);
        }
    }
}

// Of what was doomed with its image, the next that still may go.
std::optional<evictor::candidate> evictor::next_condemned() {
    while (!condemned_.empty()) {
        auto const next = condemned_.front();
        condemned_.pop_front();
        auto const id = table_.find(next.digest);
        if (id == no_entry || !table_[id].is_proposed() || table_[id].last_used > next.unused_since)
            continue;
        auto k = candidate_of(id);
        k.condemned = true;
        return k;
    }
    condemned_images_.clear();
    return std::nullopt;
}

// Whether this may be taken now. If not, it was put where it is not proposed again at once.
bool evictor::may_go(candidate const& k, gc_reason why) {
    bool image_used = false;
    {
        std::lock_guard const lock(mutex_);
        auto const id = table_.find(k.digest);
        if (id == no_entry)
            return false;
        image_used = table_[id].image_used && !k.condemned;
    }
    bool const stays = image_used || core_.handles->is_open(k.digest) || is_relied_on(k, why) || images_are_in_use(k) ||
                       condemn_image_of(k);
    if (stays) {
        spare(k);
        return false;
    }
    condemn_siblings(k);
    return true;
}

// What was condemned with one image stays while another names it that was not given up. A config is a few kilobytes
// without which megabytes are useless: it stays while an image that names it is in use.
bool evictor::images_are_in_use(candidate const& k) {
    if (k.kind == object_kind::manifest || (!k.condemned && k.kind != object_kind::config))
        return false;
    auto const parents = parents_of(core_, k.digest, parents_max);
    if (!parents || parents->size() == parents_max)
        return true;
    std::lock_guard const lock(mutex_);
    return std::any_of(parents->begin(), parents->end(), [&](oci::digest const& p) {
        auto const id = table_.find(p);
        if (id == no_entry || table_[id].leaving)
            return false;
        return k.condemned ? !condemned_images_.contains(p) : table_[id].last_used > k.last_used;
    });
}

// A manifest leaves after its parts. If some are here that nothing else uses it stays; and if it was not used for a
// while they are next, and then itself.
bool evictor::condemn_image_of(candidate const& k) {
    if (k.kind != object_kind::manifest)
        return false;
    auto const children = children_of(core_, k.digest);
    if (!children)
        return false;
    std::lock_guard const lock(mutex_);
    bool const its_turn = k.condemned; // its parts had theirs
    if (its_turn || core_.now() - k.last_used < idle_image)
        return std::any_of(children->begin(), children->end(), [&](oci::digest const& c) {
            auto const id = table_.find(c);
            return id != no_entry && !table_[id].leaving && table_[id].last_used <= k.last_used;
        });
    return condemn_children(k.digest, *children, k.last_used + one_pull);
}

// Once a part had to go, the rest of each image that was not used since is worth nothing.
void evictor::condemn_siblings(candidate const& k) {
    if (k.kind == object_kind::manifest)
        return;
    auto const parents = parents_of(core_, k.digest, parents_max);
    if (!parents)
        return;
    auto const since = k.last_used + one_pull;
    for (auto const& image : *parents) {
        {
            std::lock_guard const lock(mutex_);
            auto const id = table_.find(image);
            if (id == no_entry || table_[id].last_used > since || condemned_images_.contains(image))
                continue;
        }
        auto const children = children_of(core_, image);
        if (!children)
            continue;
        std::lock_guard const lock(mutex_);
        condemn_children(image, *children, since);
    }
}

// Under the mutex. False if there was nothing to condemn beside the manifest itself.
bool evictor::condemn_children(oci::digest const& manifest, std::vector<oci::digest> const& children,
                               std::uint32_t since) {
    bool any = false;
    auto const add = [&](bool configs) {
        for (auto const& child : children) {
            auto const id = table_.find(child);
            if (id == no_entry || !table_[id].is_proposed() || table_[id].last_used > since ||
                (table_[id].kind == object_kind::config) != configs)
                continue;
            condemned_.push_back({child, since});
            any = true;
        }
    };
    add(false);
    add(true);
    if (!any)
        return false;
    condemned_.push_back({manifest, since});
    condemned_images_.insert(manifest);
    return true;
}

} // namespace store
