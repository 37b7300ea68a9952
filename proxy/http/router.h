// From one parsed request to its handler, and the only place that counts and logs what came of it.
#pragma once

#include "proxy/access/access_guard.h"
#include "proxy/access/token_endpoint.h"
#include "proxy/hosted/hosted_handler.h"
#include "proxy/http/exchange.h"
#include "proxy/pull/access_check.h"
#include "proxy/pull/blob_handler.h"
#include "proxy/pull/listing_handler.h"
#include "proxy/pull/manifest_handler.h"
#include "proxy/runtime/fair_queue.h"
#include "proxy/server_parts.h"
#include "proxy/stats/client_groups.h"

#include <optional>

namespace proxy {

class router {
public:
    // Shared by all workers; `parts` must outlive it.
    explicit router(server_parts const& parts)
        : parts_(parts), guard_(parts.who, parts.settings), tokens_(parts.who, parts.upstreams, parts.settings.access),
          access_(parts), manifests_(parts), blobs_(parts), listings_(parts), hosted_(parts),
          groups_(parts.settings.stats),
          bodies_(std::make_shared<fair_queue>(parts.settings.server.max_bodies,
                                               fill_table::share_of_client(parts.settings.server.max_bodies))) {}

    // Answers the request, whatever it is.
    task<void> dispatch(exchange& x);

    manifest_source& manifests() noexcept { return manifests_.source(); }

private:
    // What the request is about is left in `target`, for the account.
    using found_target = std::optional<repository_target>;
    task<result<void>> handle(exchange& x, found_target& target);
    // A body takes memory for as long as it comes: so many at a time, of one client a quarter, clients in turn; of
    // those that are kept whole in memory (large manifests) far fewer. Forms, which need no login, are in nobody else's
    // way. Empty for a request without one.
    using turn = std::optional<fair_queue::place>;
    static constexpr std::chrono::seconds patience{60};
    static constexpr std::size_t max_documents = 8, max_forms = 64;
    task<result<turn>> take_in(exchange& x, fair_queue& queue);
    // A list is made in memory, and stays there until its client has taken it: so many at a time, of one client a
    // quarter. The catalog, for which all repositories are looked through, is one client's once.
    static constexpr std::size_t max_lists = 32, max_catalogs = 2;
    task<result<turn>> list_in(exchange& x, fair_queue& queue);
    static task<std::optional<fair_queue::place>> enter(exchange& x, fair_queue& queue);
    fair_queue& queue_for(exchange& x, oci::endpoint const& e) const;
    task<result<void>> ping(exchange& x, oci::route const& r);
    task<result<void>> on_repository(exchange& x, oci::route const& r, found_target& target);
    task<result<void>> on_mirrored(exchange& x, oci::route const& r, repository_target const& t);
    void account(exchange& x, found_target const& target, steady_clock::time_point started);
    void record(exchange& x, found_target const& target, steady_clock::time_point started,
                steady_clock::time_point now);

    server_parts const& parts_;
    access_guard guard_;
    token_endpoint tokens_;
    access_check access_;
    manifest_handler manifests_;
    blob_handler blobs_;
    listing_handler listings_;
    hosted_handler hosted_;
    client_groups groups_;
    std::shared_ptr<fair_queue> const bodies_,
        documents_ = std::make_shared<fair_queue>(max_documents, max_documents / 4),
        forms_ = std::make_shared<fair_queue>(max_forms, max_forms / 4),
        lists_ = std::make_shared<fair_queue>(max_lists, max_lists / 4),
        catalogs_ = std::make_shared<fair_queue>(max_catalogs, 1);
};

} // namespace proxy
