// Manifests from the store, and from upstream into the store.
//
// By digest a manifest never changes: once stored and linked it needs no upstream. A tag is believed for its ttl, then
// upstream is asked with HEAD (which Docker Hub does not count), and only a digest that is not here yet is fetched.
// However many clients ask for one tag or digest of a repository at once, upstream hears one request. An endpoint that
// breaks off, or sends something else than the manifest, is passed over for the next one. What upstream has just
// said it does not have is not asked for again for some seconds.
#pragma once

#include "oci/reference.h"
#include "proxy/pull/served_manifest.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/runtime/fair_queue.h"
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
    bool fetched = false;   // its manifest came from upstream along with this
    bool collapsed = false; // on account of another request, which asked first
};

class manifest_source {
public:
    using manifest_ptr = std::shared_ptr<served_manifest const>;

    explicit manifest_source(server_parts const& parts) : parts_(parts) {}

    // From the store alone: null if it is not there or this repository may not show it.
    task<result<manifest_ptr>> stored(repository_target const& t, oci::digest const& d);

    struct fetched {
        manifest_ptr manifest;
        bool collapsed = false; // another request was fetching it
    };
    // From upstream, verified, stored and linked. MANIFEST_UNKNOWN if upstream has none.
    task<result<fetched>> fetch(worker& w, repository_target const& t, oci::digest const& d);

    // Asks upstream what the tag is now, and records it. MANIFEST_UNKNOWN if there is no such tag (any more). A tag
    // that can be served from here moves only to what can be, so that it can still be served if upstream is gone a
    // moment later.
    task<result<resolved_tag>> resolve(worker& w, repository_target const& t, oci::tag const& name);
    // The same, also if upstream has just said that there is none.
    task<result<resolved_tag>> ask_now(worker& w, repository_target const& t, oci::tag const& name);
    // The same, but waits no longer than until that question is `patience` old: nothing then, while it goes on.
    task<std::optional<result<resolved_tag>>> resolve_for(worker& w, repository_target const& t, oci::tag const& name,
                                                          steady_clock::duration patience);
    // The same, behind the caller's back.
    void refresh(worker& w, repository_target const& t, oci::tag const& name);

private:
    struct received {
        std::string media_type;
        std::string body;
        std::optional<oci::digest> named; // what upstream says its digest is
        std::optional<fair_queue::place> held{};
    };
    // Large manifests are in memory while they come, and while they are sent if they cannot be stored: so many at a
    // time, of one client a quarter. Nothing for one of `size` bytes that is not large.
    static constexpr std::size_t max_large = 16;
    static constexpr std::chrono::seconds patience{60};
    using place = std::optional<fair_queue::place>;
    task<result<place>> hold(worker& w, repository_target const& t, std::uint64_t size);
    task<result<manifest_ptr>> download(worker& w, repository_target t, oci::digest d);
    // Why a tag is asked about: whether it was for nothing if it has not moved is of interest where a client waited or
    // would have, not where an operator wanted to know.
    enum class reason : std::uint8_t { revalidation, other };
    single_flight<resolved_tag>::work question(worker& w, repository_target const& t, oci::tag const& name, reason why);
    task<result<resolved_tag>> ask(worker& w, repository_target t, oci::tag name, reason why);
    task<result<resolved_tag>> ask_by_get(worker& w, repository_target const& t, oci::tag const& name, reason why);
    task<result<oci::digest>> identify(received const& r);
    // From the first endpoint that sends a manifest; of this digest, if one is given.
    task<result<manifest_ptr>> get(worker& w, repository_target const& t, std::string const& reference,
                                   std::optional<oci::digest> d);
    task<result<manifest_ptr>> take(worker& w, repository_target const& t, std::optional<oci::digest> d,
                                    upstream_response& response, deadline until);
    task<result<bool>> is_here(repository_target const& t, oci::digest const& d);
    task<result<manifest_ptr>> keep(repository_target const& t, oci::digest const& d, received r);
    result<manifest_ptr> verify_and_store(repository_target const& t, oci::digest const& d, received r); // blocks
    task<result<bool>> replace(worker& w, repository_target const& t, oci::tag const& name, oci::digest const& d);
    task<void> record(repository_target const& t, oci::tag const& name, resolved_tag const& r, reason why);
    task<void> forget(repository_target const& t, oci::tag const& name);
    bool is_absent(repository_target const& t, std::string_view reference);

    server_parts const& parts_;
    std::shared_ptr<fair_queue> const large_ = std::make_shared<fair_queue>(max_large, max_large / 4);
    single_flight<manifest_ptr> fetches_;
    single_flight<resolved_tag> resolutions_;
};

} // namespace proxy
