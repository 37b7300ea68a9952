// The door of the registry and of the admin API: who asks, what for, and whether he may.
//
// Where there are no rules it is open, and costs a look at a pointer. A refusal tells the client what would help: 401
// with a challenge where another login or another token would, 403 where none of its would.
#pragma once

#include "oci/route.h"
#include "proxy/access/authenticator.h"
#include "proxy/http/exchange.h"
#include "proxy/pull/upstream_set.h"

#include <string>
#include <string_view>

namespace proxy {

class access_guard {
public:
    // Both must outlive this.
    access_guard(authenticator& who, config const& settings) : who_(who), settings_(settings) {}

    bool is_open() const noexcept { return !who_.rules().exist(); }

    // Finds out what the sender of a request about `t` may do, and whether this is among it; leaves the former in
    // x.may. Of an upstream with access = "per-client" the client's login is upstream's business: rules see such a
    // client by its certificate and its address alone.
    //   UNAUTHORIZED 401   what it shows is wrong, or something else would help; x.challenge says what
    //   DENIED 403         it may not
    //   UNAVAILABLE 503    too many logins are being checked, or an issuer's keys cannot be had
    task<result<void>> admit(exchange& x, oci::route const& r, repository_target const& t);

    // Of a request that is about no repository: such as a ping. Who shows nothing is asked for a login if there
    // is any, as clients learn from a ping alone that they can log in.
    task<result<void>> admit_anywhere(exchange& x);
    // Of a list of repositories: DENIED to who may pull or push none.
    task<result<void>> admit_to_lists(exchange& x);

    // Of a repository that is none of ours: who has no right anywhere hears what he hears of those that are, so that he
    // learns neither what is mirrored nor what is hosted.
    task<result<void>> admit_nowhere(exchange& x, oci::route const& r);

    // Of the admin API.
    task<result<void>> admit_operator(exchange& x);

private:
    struct wish { // what is asked for, by the client's name of it
        action what = action::pull;
        std::string_view repository{}; // "": none in particular
    };
    task<result<void>> identify(exchange& x, wish w);
    error challenged(exchange& x, wish w, std::string_view what, std::string why) const;
    error refused(exchange& x, wish w, bool can_log_in, std::string_view name) const;

    authenticator& who_;
    config const& settings_;
};

// Where a client gets a token: public_url, or the host that the client has called, and "/token"; "" if that name could
// not stand in a header.
std::string token_realm(config const& settings, request const& r, peer const& from);

} // namespace proxy
