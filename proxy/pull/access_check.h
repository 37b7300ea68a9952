// Who may see a mirrored repository at all.
//
// Of an upstream with access = "shared" everybody may see what layerd's own credentials may. Of one with
// access = "per-client" a client may see what upstream shows to that client: before anything is served, from the store
// or not, upstream is asked in the client's name for the very thing that the client wants, and its word is believed for
// access_ttl, its refusal for some seconds. A digest alone opens nothing, nor does a manifest that names it
// (blob_access.h), nor what another client was shown. While upstream cannot be asked, nobody is let in who was not let
// in a short time ago.
#pragma once

#include "oci/route.h"
#include "proxy/http/exchange.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/runtime/single_flight.h"
#include "proxy/server_parts.h"

#include <cstdint>
#include <optional>
#include <string>

namespace proxy {

// What a client that pings is to be told about a login.
enum class login_need : std::uint8_t {
    none,
    of_use, // it may be, for some upstream: a challenge beside a 200 (RFC 9110 §11.6.1), which podman and its kin heed
    asked_for // 401: docker, crane and others send none that no 401 has asked for
};

class access_check {
public:
    explicit access_check(server_parts const& parts) : parts_(parts) {}

    // Whether the client may read what `wanted` names in `t`; says in `t.as` in whose name upstream is to be asked from
    // here on. Tags and referrers are upstream's to refuse: no request is spent on them.
    //   UNAUTHORIZED 401                  upstream refuses this client, or what it shows of itself is no login
    //   MANIFEST_UNKNOWN, BLOB_UNKNOWN    upstream has no such thing in the repository
    //   upstream's 502, 503, 504          it cannot be asked, or answers with something else (content_evidence.h)
    task<result<void>> admit(exchange& x, oci::endpoint const& wanted, repository_target& t);

    // Of a ping, from which alone some clients learn that there is a login at all. It is asked for where the upstream
    // that is meant shows each client its own: elsewhere some clients without a login would give up.
    login_need login_at(exchange const& x, oci::route const& ping) const;

    // Whether the login of a client that pings so is upstream's business: it shows each client its own.
    bool is_for_upstream(oci::route const& ping) const;

private:
    struct question {
        repository_target of;
        std::string path; // of the API, below the repository
        oci::errc unknown;
        std::optional<oci::digest> digest; // none: a tag is asked for

        std::string name() const { return of.name + " " + path; }
    };
    enum class word : std::uint8_t { shown, missing, unclear };
    task<result<bool>> ask(worker& w, question q);
    task<result<word>> ask_by(worker& w, question const& q, http_method method, deadline until);
    task<bool> is_shown_by(upstream_response const& answer, question const& q);
    task<std::optional<std::uint64_t>> known_size(question const& q);

    server_parts const& parts_;
    single_flight<bool> flights_;
};

// Upstream refuses the client in whose name it was asked.
error not_admitted(repository_target const& t);
// Whether `e`, of a request to upstream for `t`, says that upstream denies access. A client that was let in before is
// asked about again then.
bool is_denial_of(server_parts const& parts, repository_target const& t, error const& e);
bool is_denial(error const& e) noexcept;

} // namespace proxy
