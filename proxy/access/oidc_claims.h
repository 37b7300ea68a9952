// What a verified token of an issuer says: who its bearer is, and for how long. Pure.
// Source: OpenID Connect Core 1.0 §2 and §3.1.3.7, RFC 7519 §4.1.
#pragma once

#include "proxy/access/caller.h"
#include "proxy/error.h"

#include <boost/json/object.hpp>

#include <cstdint>
#include <set>
#include <string>

namespace proxy {

struct oidc_bearer {
    identity who; // its user is "issuer's name:subject"
    std::int64_t expires_at = 0;
};

// `wanted`: the claims that are kept, of those that are text, whole numbers or truth values, or lists of such.
// UNAUTHORIZED, with why, if the token is of another issuer, for another audience, over, not valid yet, or without a
// subject that can be a name.
result<oidc_bearer> read_bearer(boost::json::object const& claims, oidc_config const& issuer,
                                std::set<std::string> const& wanted, std::int64_t now);

} // namespace proxy
