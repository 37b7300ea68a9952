// The public keys of an issuer of tokens, as it publishes them: JSON Web Key Set (RFC 7517 §5). RSA of 2048 bits and
// more, EC P-256 and Ed25519; keys of other kinds, or for encryption, are passed over.
#pragma once

#include "proxy/access/jws.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy {

class jwk_set {
public:
    static constexpr std::size_t max_size = 256 * 1024; // of the document
    static constexpr std::size_t max_keys = 64;

    // An error if it is no such document, or holds no key that can be used.
    static result<jwk_set> parse(std::string_view text);

    // The one of that name; without a name the only one there is. Null: none.
    jws_key const* find(std::string_view key_id) const noexcept;
    std::size_t size() const noexcept { return keys_.size(); }

private:
    std::vector<std::pair<std::string, jws_key>> keys_; // by "kid"
};

} // namespace proxy
