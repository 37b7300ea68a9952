// Who asks, as far as it was proved: by a password, a certificate, a token, or by nothing but where the request comes
// from.
#pragma once

#include "proxy/access/scope.h"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace proxy {

// Of a token of an [[access.oidc]] issuer what rules may ask for: each claim with each of its values.
using claim_list = std::vector<std::pair<std::string, std::string>>;

// What was proved, without the place it came from: the same for all requests with the same token.
struct identity {
    std::string user;   // "" if anonymous
    std::string issuer; // the name of an [[access.oidc]]; "" of all others
    claim_list claims;
    std::vector<std::string> claims_known; // the names of those that were looked for, sorted: of these all are there
    std::optional<scope_list> limits;      // what it is for at most, whatever rules allow: by the store's names
    bool is_login = true;                  // false: of a token that was made for requests, and is exchanged for nothing
    std::int64_t until = 0;                // Unix seconds when what proves it is over; 0: that can be shown again
    std::optional<scope_list> asked;       // what its client wanted it for: by the names that the client uses

    bool is_anonymous() const noexcept { return user.empty(); }
};

struct caller {
    std::shared_ptr<identity const> who; // never null
    boost::asio::ip::address from;
};

// Whether a user can be called so: 1 to 255 characters, printable, of ASCII, without ":" (RFC 7617 §2), which stands
// between the name of an issuer and its subject, and without space.
bool is_user_name(std::string_view name) noexcept;

} // namespace proxy
