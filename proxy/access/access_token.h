// The tokens that layerd itself signs and reads: those that its token endpoint gives to clients for some minutes, those
// with which a client renews them, and those that an operator issues for a machine.
#pragma once

#include "proxy/access/caller.h"
#include "proxy/access/jws.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace proxy {

enum class token_use : std::uint8_t {
    access,  // of the endpoint, for requests
    renewal, // of the endpoint, for the endpoint
    issued   // of the operator, for both
};

struct access_token {
    token_use use = token_use::access;
    identity who;
    std::int64_t issued_at = 0, expires_at = 0; // Unix seconds
    std::string issuer_url;                     // of who.issuer when it was made; "" if nobody's word made it
};

// Immutable: any thread.
class token_signer {
public:
    explicit token_signer(jws_key key) : key_(std::move(key)) {}

    static constexpr std::string_view issuer = "layerd"; // of `iss`, and of `aud`

    result<std::string> sign(access_token const& t) const;

    // UNAUTHORIZED, with why, if it is not ours, was changed, or is over.
    result<access_token> verify(unverified_token t, std::int64_t now) const;

private:
    jws_key key_;
};

} // namespace proxy
