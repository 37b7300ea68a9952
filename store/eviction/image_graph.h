// Which manifest names what, from the index: what "the rest of the image" means.
#pragma once

#include "oci/digest.h"
#include "store/error.h"

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace store {

struct core;

// What the manifest names, as far as it was recorded; none for what is no known manifest. Blocks.
result<std::vector<oci::digest>> children_of(core const& c, oci::digest const& manifest);

// The manifests that name `d`, stored or not, or the first `at_most` of them. Blocks.
result<std::vector<oci::digest>> parents_of(core const& c, oci::digest const& d,
                                            std::size_t at_most = std::numeric_limits<std::size_t>::max());

// The manifests of the repository that name `subject` as theirs; nothing is read of what they say. Blocks.
result<std::vector<oci::digest>> referrers_of(core const& c, std::string const& repo, oci::digest const& subject);

// The manifest and what it names, and what that names, stored or not; each before what it names. Blocks.
result<std::vector<oci::digest>> closure_of(core const& c, oci::digest const& manifest);

// Of the same what is stored, not `kept`, and what no stored manifest that is kept or outside of it names too. Parts
// before what names them. Blocks.
result<std::vector<oci::digest>> parts_of_this_alone(core const& c, oci::digest const& manifest,
                                                     std::unordered_set<oci::digest> const& kept);

// The repositories that hold `d`. Blocks.
result<std::vector<std::string>> holders_of(core const& c, oci::digest const& d);
// The first of them that suits. Blocks.
result<std::optional<std::string>> holder_of(core const& c, oci::digest const& d,
                                             std::function<bool(std::string const&)> const& suits);
// The first whose name begins so; at no price however many others hold `d`. Blocks.
result<std::optional<std::string>> holder_below(core const& c, oci::digest const& d, std::string_view beginning);

} // namespace store
