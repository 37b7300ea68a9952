// The part of the admin API that pulls: images are warmed and tags refreshed, at once or by triggers. It waits for
// upstreams, not for the disk, so it runs on the event loop.
#pragma once

#include "proxy/admin/admin_message.h"
#include "proxy/pull/manifest_source.h"
#include "proxy/trigger/triggers.h"
#include "proxy/warm/warmer.h"

#include <boost/json/object.hpp>

namespace proxy {

class pull_commands {
public:
    static constexpr std::size_t max_images = 500; // of one request

    // All must outlive this.
    pull_commands(server_parts const& parts, manifest_source& manifests, warmer& images, triggers const& rules)
        : parts_(parts), manifests_(manifests), warmer_(images), triggers_(rules) {}

    bool knows(admin_request const& r) const noexcept;

    // Of a request that it knows. Runs on `w`.
    task<admin_response> handle(worker& w, admin_request const& r) const;

private:
    admin_response warm(admin_request const& r) const;
    admin_response warm_jobs() const;
    admin_response trigger_list() const;
    task<admin_response> refresh_image(worker& w, admin_request const& r) const;

    server_parts const& parts_;
    manifest_source& manifests_;
    warmer& warmer_;
    triggers const& triggers_;
};

boost::json::object to_json(warm_status const& s);

} // namespace proxy
