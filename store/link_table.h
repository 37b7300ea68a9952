// The rows that tie a repository to content: the link, the same by digest (holders), and how many links there are.
//
// Whoever stages holds the digest's write lock, stages no digest twice in one batch, and tells the evictor afterwards.
#pragma once

#include "store/core.h"

#include <optional>

namespace store {

result<std::optional<link>> find_link_row(core const& c, repository_name const& repo, oci::digest const& d, access a);

// Adds one link to the batch, if it says anything new: a kind or a type once known, a proof, and the time of
// linking, stay.
result<void> stage_link(core const& c, database::batch& b, repository_name const& repo, oci::digest const& d,
                        link const& l);

// False if there is no such link.
result<bool> stage_unlink(core const& c, database::batch& b, repository_name const& repo, oci::digest const& d);

// Remembers what a manifest names, beside what it was known to name. The bytes never change, but who sends them may
// call them something that names less, and what others need must not be forgotten for that.
result<void> stage_children(core const& c, database::batch& b, oci::digest const& d, oci::manifest const& m);

// What a child of such a manifest is.
object_kind kind_of_child(oci::manifest const& parent, oci::child_role role);

} // namespace store
