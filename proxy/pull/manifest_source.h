// Manifests from the store, and from upstream into the store.
//
// By digest a manifest never changes: once stored and linked it needs no upstream. A tag is believed for its ttl, then
// upstream is asked with HEAD (which Docker Hub does not count), and only a digest that is not here yet is fetched.
// However many clients ask for one tag or digest of a repository at once, upstream hears one request.
#pragma once

#include "oci/reference.h"
#include "proxy/pull/manifest_cache.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/runtime/single_flight.h"
#include "proxy/server_parts.h"

#include <memory>
#include <optional>
#include <string>

namespace proxy {

// What upstream says a tag is.
struct resolved_tag {
    oci::digest digest;
    std::int64_t checked_at = 0;
    std::string media_type; // as upstream's answer said; may be empty
    std::optional<std::uint64_t> size;
};

class manifest_source {
public:
    using manifest_ptr = std::shared_ptr<served_manifest const>;

    explicit manifest_source(server_parts const& parts) : parts_(parts) {}

    // From the store alone: null if it is not there or this repository may not show it.
    task<result<manifest_ptr>> stored(repository_target const& t, oci::digest const& d);

    // From upstream, verified, stored and linked. MANIFEST_UNKNOWN if upstream has none.
    task<result<manifest_ptr>> fetch(worker& w, repository_target const& t, oci::digest const& d);

    // Asks upstream what the tag is now, and records it. MANIFEST_UNKNOWN if there is no such tag (any more).
    task<result<resolved_tag>> resolve(worker& w, repository_target const& t, oci::tag const& name);

private:
    struct received {
        std::string media_type;
        std::string body;
    };
    task<result<manifest_ptr>> download(worker& w, repository_target t, oci::digest d);
    task<result<resolved_tag>> ask(worker& w, repository_target t, oci::tag name);
    task<result<resolved_tag>> ask_by_get(worker& w, repository_target const& t, oci::tag const& name);
    task<result<received>> get(worker& w, repository_target const& t, std::string const& reference);
    task<result<manifest_ptr>> keep(repository_target const& t, oci::digest const& d, received r);
    result<manifest_ptr> verify_and_store(repository_target const& t, oci::digest const& d, received r); // blocks
    task<result<void>> record(repository_target const& t, oci::tag const& name, resolved_tag const& r);

    server_parts const& parts_;
    single_flight<manifest_ptr> fetches_;
    single_flight<resolved_tag> resolutions_;
};

} // namespace proxy
