// GET and HEAD of /v2/<name>/blobs/<digest>: from the store, from a running fill, or from a fill that starts now; past
// the store if that has no room.
#pragma once

#include "oci/route.h"
#include "proxy/http/exchange.h"
#include "proxy/pull/blob_access.h"
#include "proxy/pull/relay.h"

namespace proxy {

class blob_handler {
public:
    explicit blob_handler(server_parts const& parts) : parts_(parts), access_(parts), relay_(parts.disk) {}

    task<result<void>> handle(exchange& x, repository_target const& t, oci::digest const& d);

private:
    using opened = std::optional<store::content_store::opened>;
    using link = std::optional<store::link>;

    task<result<opened>> open(oci::digest const& d);
    task<result<link>> find_link(repository_target const& t, oci::digest const& d);

    task<result<void>> reply_stored(exchange& x, oci::digest const& d, store::blob_file const& file,
                                    std::string_view cache_status);
    // Of a blob that is not here. `shown`: upstream need not be asked whether the repository has it.
    task<result<void>> reply_unchanged(exchange& x, repository_target const& t, oci::digest const& d, bool shown);
    task<result<void>> reply_head_of_missing(exchange& x, repository_target const& t, oci::digest const& d);
    // What upstream itself has under that digest, though the store has it too.
    task<result<void>> reply_past_store(exchange& x, repository_target const& t, oci::digest const& d);
    // False: superseded, look in the store again.
    task<result<bool>> reply_from_fill(exchange& x, repository_target const& t, oci::digest const& d, link known);
    task<result<void>> follow(exchange& x, fill& f, fill_state state, oci::digest const& d);

    error without_denial(error e, repository_target const& t, oci::digest const& d) const;

    server_parts const& parts_;
    blob_access access_;
    relay relay_;
};

} // namespace proxy
