// An issuer's published keys: a key that is taken is a public one of a kind and size that is allowed, means the same
// when it is printed, and is taken whatever stands beside it.
#pragma once

#include "proxy/json_fields.h"
#include "tests/fuzz/fixed_keys.h"
#include "tests/fuzz/plain_base64.h"

#include <boost/json/serialize.hpp>
#include <openssl/bn.h>
#include <openssl/core_names.h>

#include <string>

namespace fuzz {

inline std::string number_of(EVP_PKEY* key, char const* name, std::size_t size) {
    BIGNUM* n = nullptr;
    expect(EVP_PKEY_get_bn_param(key, name, &n) == 1, "a key has its numbers");
    std::string out(size != 0 ? size : static_cast<std::size_t>(BN_num_bytes(n)), '\0');
    auto const written = BN_bn2binpad(n, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    BN_free(n);
    expect(written == static_cast<int>(out.size()), "a number fits");
    return plain_encode(out, base64url_digits);
}

inline std::string raw_public_key(EVP_PKEY* key) {
    std::string out(32, '\0');
    auto size = out.size();
    expect(EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(out.data()), &size) == 1 && size == 32,
           "an Ed25519 key has 32 bytes");
    return plain_encode(out, base64url_digits);
}

inline std::string print(proxy::jws_key const& key) {
    auto const field = [](char const* name, std::string const& value) {
        return std::string(",\"") + name + "\":\"" + value + "\"";
    };
    switch (key.algorithm()) {
    case proxy::jws_algorithm::rs256:
        return R"({"kty":"RSA")" + field("n", number_of(key.get(), OSSL_PKEY_PARAM_RSA_N, 0)) +
               field("e", number_of(key.get(), OSSL_PKEY_PARAM_RSA_E, 0)) + "}";
    case proxy::jws_algorithm::es256:
        return R"({"kty":"EC","crv":"P-256")" + field("x", number_of(key.get(), OSSL_PKEY_PARAM_EC_PUB_X, 32)) +
               field("y", number_of(key.get(), OSSL_PKEY_PARAM_EC_PUB_Y, 32)) + "}";
    case proxy::jws_algorithm::ed25519:
        return R"({"kty":"OKP","crv":"Ed25519")" + field("x", raw_public_key(key.get())) + "}";
    }
    return "";
}

inline void check_key(proxy::jws_key const& key) {
    auto* const k = key.get();
    auto const bits = EVP_PKEY_get_bits(k);
    if (key.algorithm() == proxy::jws_algorithm::rs256)
        expect(bits >= 2048 && bits <= 8192, "RSA of a size that is neither weak nor slow");
    expect(proxy::sign_token(key, {}).has_error(), "a public key signs nothing");
    auto const again = proxy::jwk_set::parse("{\"keys\":[" + print(key) + "]}");
    expect(again && again->size() == 1, "a printed key is read");
    expect(again->find("") != nullptr && EVP_PKEY_eq(again->find("")->get(), k) == 1, "and is the same");
    for (auto const* text : {"a.b.c", "e30.e30."}) {
        auto t = proxy::unverified_token::parse(text);
        expect(!t || (*std::move(t)).verified_by(key).has_error(), "nothing is signed by it");
    }
}

// How many would be taken if each stood alone.
inline std::size_t count_alone(boost::json::array const& keys) {
    std::size_t n = 0;
    for (auto const& each : keys) {
        boost::json::object const document{{"keys", boost::json::array{each}}};
        if (n < proxy::jwk_set::max_keys && proxy::jwk_set::parse(boost::json::serialize(document)))
            ++n;
    }
    return n;
}

inline void check_jwk_set(std::string_view text) {
    auto const set = proxy::jwk_set::parse(text);
    auto const document = text.size() <= proxy::jwk_set::max_size ? proxy::parse_object(text) : std::nullopt;
    auto const keys = document ? proxy::list_at(*document, {"keys"}) : boost::json::array();
    if (keys.size() <= 2 * proxy::jwk_set::max_keys)
        expect((set ? set->size() : 0) == count_alone(keys), "each key is taken for itself");
    if (!set)
        return;
    expect(set->size() > 0 && set->size() <= proxy::jwk_set::max_keys, "some keys, and not many");
    expect((set->find("") != nullptr) == (set->size() == 1), "without a name only the only one is meant");
    for (auto const& each : keys) {
        auto const* o = each.if_object();
        if (auto const* key = o != nullptr ? set->find(proxy::text_at(*o, {"kid"})) : nullptr)
            check_key(*key);
    }
}

} // namespace fuzz
