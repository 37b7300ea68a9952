// A manifest as the referrers of its subject are listed. Source: distribution-spec, "Listing Referrers".
#pragma once

#include "oci/manifest.h"

#include <cstdint>
#include <string>

namespace oci {

// The JSON of its descriptor: type, digest, size, artifactType, and the manifest's own annotations.
std::string referrer_descriptor(digest const& d, std::uint64_t size, manifest const& m);

// What an index, maintained by clients under a tag, lists where a registry has no API for referrers.
struct listed_referrer {
    oci::digest digest;
    std::string artifact_type;
    std::string descriptor; // JSON, as it stands there
};
std::vector<listed_referrer> referrers_in_index(std::string_view body); // none in what is no index

// The tag of that index: "sha256-<hex>", cut to what a tag may be.
std::string referrers_tag(digest const& subject);

} // namespace oci
