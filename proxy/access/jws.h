// Signed tokens: three parts of base64url with dots between (JWS compact serialization, RFC 7515 §7.1), the middle one
// claims in JSON (JWT, RFC 7519).
//
// What a token says of its own algorithm is never believed: a key is for one algorithm, and a token that names another,
// or none at all, is refused before its signature is looked at (RFC 8725 §3.1).
#pragma once

#include "proxy/error.h"

#include <boost/json/object.hpp>
#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

enum class jws_algorithm : std::uint8_t { ed25519, rs256, es256 };
std::string_view name_of(jws_algorithm a); // "EdDSA" (RFC 8037), "RS256", "ES256" (RFC 7518)

// Immutable: any thread; cheap to copy.
class jws_key {
public:
    // Takes the key over, private or public. Nothing for one that no algorithm is for: RSA below 2048 bits, a curve
    // that is neither Ed25519 nor P-256.
    static std::optional<jws_key> of(EVP_PKEY* key);

    jws_algorithm algorithm() const noexcept { return algorithm_; }
    EVP_PKEY* get() const noexcept { return key_.get(); }

private:
    jws_key(std::shared_ptr<EVP_PKEY> key, jws_algorithm a) : key_(std::move(key)), algorithm_(a) {}

    std::shared_ptr<EVP_PKEY> key_;
    jws_algorithm algorithm_;
};

inline constexpr std::size_t max_token_size = 16 * 1024;

// A token taken apart, of which nothing is proved yet.
class unverified_token {
public:
    // UNAUTHORIZED if it is none: more than max_token_size, not three parts, not JSON, nested deeply, with critical
    // extensions (RFC 7515 §4.1.11).
    static result<unverified_token> parse(std::string_view text);

    std::string const& key_id() const noexcept { return key_id_; } // "kid"; "" if absent
    std::string_view issuer() const;                               // "iss", to choose whose key to try

    // The claims, if `key` has signed them. UNAUTHORIZED else. Takes some 100 us; does not block.
    result<boost::json::object> verified_by(jws_key const& key) &&;

private:
    std::string algorithm_, key_id_;
    std::string signed_part_, signature_;
    boost::json::object claims_;
};

// Whether it looks like a token at all: a password that begins so is none.
bool looks_like_token(std::string_view text) noexcept;

// With an Ed25519 key, a private one. 400 if it would be longer than is read.
result<std::string> sign_token(jws_key const& key, boost::json::object const& claims);

} // namespace proxy
