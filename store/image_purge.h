// Taking one image out of one repository at an operator's word: its links, and the content that is nobody else's.
//
// What it consists of may be an image of its own: a platform's manifest that has a tag beside the index. Whatever
// another tag or a pin of the repository leads to stays, shown and stored; what was pushed could not be had again.
#pragma once

#include "oci/reference.h"
#include "store/error.h"
#include "store/eviction/gc_report.h"
#include "store/metadata_index.h"

#include <unordered_set>
#include <vector>

namespace store {

struct core;

class image_purge {
public:
    image_purge(core& c, metadata_index& index, repository_name const& repo, bool mirrored)
        : core_(c), index_(index), repo_(repo), mirrored_(mirrored) {}

    // Blocks.
    result<gc_report> run(oci::reference const& r);

private:
    using digests = std::unordered_set<oci::digest>;
    result<std::optional<oci::digest>> take_tag(oci::tag const& t);
    result<gc_report> take(oci::digest const& manifest, bool unless_needed);
    result<void> look_for_tags(digests const& of);
    result<void> look_for_pins(digests const& of);
    result<bool> is_named(oci::digest const& d, digests const& leaving) const;
    result<std::vector<oci::digest>> content_of(oci::digest const& manifest) const;
    result<std::vector<oci::digest>> leaving(std::vector<oci::digest> const& all) const;
    result<void> unlink(std::vector<oci::digest> const& all);

    core& core_;
    metadata_index& index_;
    repository_name const& repo_;
    bool mirrored_; // so that a tag says what upstream has, whatever is here
    digests kept_;  // of the image: what has another name in the repository
};

} // namespace store
