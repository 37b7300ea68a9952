// The token dance of registries, less the network: what a challenge asks for, how the token server is asked, what
// its answer holds. Source: distribution, "Token Authentication Specification".
#pragma once

#include "oci/challenge.h"
#include "oci/reference.h"
#include "proxy/error.h"
#include "proxy/secret.h"
#include "proxy/upstream/origin.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

struct token_request {
    location realm;
    std::string service;
    std::vector<std::string> scopes; // never empty

    // The realm with service and scopes as query.
    location url() const;
};

// What a Bearer challenge asks for; pulling `repo` where it names no scope. DENIED if its realm is not a URL.
result<token_request> parse_bearer(oci::challenge const& challenge, oci::repository const& repo);

struct token {
    static constexpr std::size_t max_answer_size = 1024 * 1024;
    static constexpr std::size_t max_size = 16 * 1024; // of the token alone: many are kept, and few servers take more
    static constexpr std::chrono::seconds default_life{60}; // the specification's, where none is told
    static constexpr std::chrono::seconds max_life{24 * 3600};

    secret value;
    std::chrono::seconds life = default_life;
};

// The token server's JSON: "token" or "access_token", "expires_in". The value can stand in a header as it is.
result<token> parse_token(std::string_view body);

} // namespace proxy
