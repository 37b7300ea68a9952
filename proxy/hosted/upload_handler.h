// Pushes of blobs: POST, PATCH, PUT, GET and DELETE below /v2/<name>/blobs/uploads/.
//
// A blob whose bytes all come with one request is hashed and written as it arrives and needs no session beside its id;
// what comes in pieces collects in a session (store/hosted/upload_session.h). Source: distribution-spec, "Pushing
// blobs".
#pragma once

#include "oci/route.h"
#include "proxy/http/exchange.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/runtime/disk_pipe.h"
#include "proxy/server_parts.h"
#include "store/hosted/hosted_repositories.h"

#include <memory>
#include <optional>

namespace proxy {

class upload_handler {
public:
    explicit upload_handler(server_parts const& parts) : parts_(parts) {}

    // POST: 202 with a session, or 201 for a mount or a whole blob. A mount that cannot be is a session.
    task<result<void>> start(exchange& x, oci::route const& r, repository_target const& t);
    // GET: 204 with what was received.
    task<result<void>> status(exchange& x, repository_target const& t, std::string const& id);
    // PATCH: 202. 416 for a chunk that does not begin where the last one ended; the session goes on.
    task<result<void>> append(exchange& x, repository_target const& t, std::string const& id);
    // PUT: 201. DIGEST_INVALID ends the session; 416 does not.
    task<result<void>> finish(exchange& x, oci::route const& r, repository_target const& t, std::string const& id);
    // DELETE: 204.
    task<result<void>> cancel(exchange& x, repository_target const& t, std::string const& id);

private:
    using session_ptr = std::shared_ptr<store::upload_session>;
    struct claimed_session {
        session_ptr session;
        std::optional<store::upload_session::claim> held; // let go of before the answer: the next request may be
                                                          // here before this one is over
    };

    task<result<bool>> mount(exchange& x, oci::route const& r, repository_target const& t, oci::digest const& d);
    task<result<void>> open_session(exchange& x, oci::route const& r, repository_target const& t);
    task<result<void>> store_whole(exchange& x, repository_target const& t, oci::digest const& d);
    task<result<void>> store_small(exchange& x, repository_target const& t, oci::digest const& d, std::size_t size);
    task<result<void>> receive(exchange& x, std::uint64_t before, disk_pipe::work work);
    result<void> check_size(std::uint64_t size) const; // 413 for a blob that would be too large
    task<result<void>> receive_piece(exchange& x, store::upload_session& s, store::upload_session::claim& held);
    task<result<void>> commit(repository_target const& t, store::upload_session::claim& held, oci::digest const& d);
    task<void> end(store::upload_session& s, store::upload_session::claim held);

    task<result<void>> reply_session(exchange& x, unsigned status, store::upload_session const& s);
    task<result<void>> reply_out_of_order(exchange& x, store::upload_session const& s, error const& e);
    task<result<void>> reply_created(exchange& x, repository_target const& t, oci::digest const& d);
    result<session_ptr> find(repository_target const& t, std::string const& id) const;
    result<claimed_session> claim(repository_target const& t, std::string const& id) const;

    server_parts const& parts_;
};

} // namespace proxy
