// What a client asks the token endpoint: the query of a GET, or the form of a POST behind a "?".
//
// It may hold passwords and tokens, so what is decoded is wiped when it goes; so should be what it was decoded from.
// Source: distribution, "Token Authentication Specification" and "Oauth2 Token Authentication" (RFC 6749 §4.3, §6).
#pragma once

#include "proxy/access/scope.h"
#include "proxy/error.h"
#include "proxy/secret.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy {

struct token_question {
    static constexpr std::size_t max_fields = 64; // scopes count too

    std::vector<std::pair<std::string, secret>> fields; // decoded, without the scopes
    scope_list asked;                                   // of repositories; max_scopes of them, more are left out
    bool wants_renewal = false;                         // "offline"

    // "" if there is none; of several the first.
    std::string_view field(std::string_view name) const noexcept;
};

// Of a request's target, "/token?service=layerd&scope=...". Malformed, 400: it is no target, or has too many fields.
result<token_question> parse_token_question(std::string_view target);

} // namespace proxy
