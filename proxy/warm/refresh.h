// Asks upstream what a tag is now, however short a time ago that was done.
#pragma once

#include "proxy/pull/manifest_source.h"
#include "proxy/pull/named_image.h"

#include <optional>

namespace proxy {

struct refreshed {
    oci::digest digest;
    std::optional<oci::digest> before; // none: the tag was not known here
    bool fetched = false;              // its manifest came from upstream

    bool has_moved() const noexcept { return before && *before != digest; }
};

// `image` names a tag of an upstream that may be asked (warmer::may_ask_for). What the tag moved to is fetched; its
// layers are not. Runs on `w`.
task<result<refreshed>> refresh(server_parts const& parts, manifest_source& manifests, worker& w, named_image image);

} // namespace proxy
