// Authorization for requests to a registry's endpoints: tokens, or Basic where the registry asks for that.
//
// One token serves all requests for the same (endpoint, repository) in the same name, on every thread: layerd's own,
// with the operator's credentials, or a client's. What was granted to one is never sent for another. Concurrent users
// of a token that is not there yet share one request to the token server. A token is renewed when 90 % of its life are
// over, and fetched anew once if upstream refuses it earlier. A token server that limits us is left alone for as long
// as it says. It is asked at no address further inside this network than the registry that names it, unless the
// operator listed its host.
#pragma once

#include "oci/reference.h"
#include "proxy/runtime/clock.h"
#include "proxy/runtime/single_flight.h"
#include "proxy/runtime/worker.h"
#include "proxy/secret.h"
#include "proxy/upstream/client_login.h"
#include "proxy/upstream/credentials.h"
#include "proxy/upstream/grants.h"
#include "proxy/upstream/http_client.h"
#include "proxy/upstream/inner_address.h"
#include "proxy/upstream/login_limits.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// Where a request runs (the client of that worker), and in whose name.
struct token_user {
    worker& on;
    http_client& client;
    origin registry;
    oci::repository const& repo;
    client_login::ptr as{};                         // none: layerd itself
    network_depth deepest = network_depth::machine; // of what the registry may name: from where it has answered
};

// Any thread. Must outlive the flights it started.
class token_source {
public:
    // `home`: the endpoint that decides what the upstream has. Another one may be somebody else's mirror of it: a login
    // is for those alone that `home` could name as its token server.
    token_source(credentials& login, origin home, std::vector<std::string> token_hosts, clock_source now);

    // What to send at once: "" where nothing was ever asked for. Renews what is due; if that fails, what is left of
    // the old grant is used.
    task<secret> current(token_user user, deadline d);

    // Upstream answered 401 with this WWW-Authenticate to a request with `refused`. Gives what to try next.
    //   denied 403        no usable challenge, no credentials, an untrusted realm, or the token server refuses us
    //   unavailable       the token server cannot be asked; with retry_after: it limits us
    task<result<secret>> answer(token_user user, std::string_view challenges, std::string_view refused, deadline d);

private:
    // The credentials of `as`, as a Basic value; nothing for a registry that may not have them.
    std::optional<secret> basic(client_login::ptr const& as, origin const& registry);
    task<result<secret>> answer_bearer(token_user user, oci::challenge const& c, std::string_view refused, deadline d);
    result<secret> answer_basic(token_user const& user, std::string_view refused);
    task<result<secret>> fetch_shared(token_user user, token_request request, deadline d);
    // Who names a token server.
    struct challenger {
        origin registry;
        network_depth deepest;
    };
    task<result<grant>> fetch(http_client& client, client_login::ptr as, challenger const& by,
                              token_request const& request, deadline d);
    task<result<std::unique_ptr<proxy::answer>>> ask(http_client& client, wire_request wire, challenger const& by,
                                                     deadline d);

    credentials& login_;
    origin const home_;
    std::vector<std::string> token_hosts_;
    clock_source now_;
    grant_store grants_;
    single_flight<secret> flights_;
    login_limits limits_; // by token server and user
};

} // namespace proxy
