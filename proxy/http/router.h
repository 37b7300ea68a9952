// From one parsed request to its handler, and the only place that counts and logs what came of it.
#pragma once

#include "proxy/hosted/hosted_handler.h"
#include "proxy/http/exchange.h"
#include "proxy/pull/blob_handler.h"
#include "proxy/pull/listing_handler.h"
#include "proxy/pull/manifest_handler.h"
#include "proxy/server_parts.h"

#include <string_view>

namespace proxy {

class router {
public:
    // Shared by all workers; `parts` must outlive it.
    explicit router(server_parts const& parts)
        : parts_(parts), manifests_(parts), blobs_(parts), listings_(parts), hosted_(parts) {}

    // Answers the request, whatever it is. `client` is the peer's address, for the log.
    task<void> dispatch(exchange& x, std::string_view client);

private:
    task<result<void>> handle(exchange& x);
    task<result<void>> on_repository(exchange& x, oci::route const& r);
    task<result<void>> on_mirrored(exchange& x, oci::route const& r, repository_target const& t);
    void account(exchange& x, std::string_view client, steady_clock::time_point started);

    server_parts const& parts_;
    manifest_handler manifests_;
    blob_handler blobs_;
    listing_handler listings_;
    hosted_handler hosted_;
};

} // namespace proxy
