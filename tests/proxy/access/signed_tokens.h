// Keys of OpenSSL's, tokens that they have signed without any code of the server's, and their public halves as JWK.
#pragma once

#include "proxy/access/jws.h"
#include "tests/catch.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tests {

using private_key = std::shared_ptr<EVP_PKEY>;

inline private_key owned(EVP_PKEY* key) {
    REQUIRE(key != nullptr);
    return {key, EVP_PKEY_free};
}
inline private_key ed25519_key() {
    return owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}
inline private_key ec_key(char const* curve = "P-256") {
    return owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
}
inline private_key rsa_key(std::size_t bits = 2048) {
    return owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
}

// RSA keys take long to make: one for all that need no other.
inline private_key const& the_rsa_key() {
    static private_key const key = rsa_key();
    return key;
}

inline std::optional<proxy::jws_key> as_jws_key(private_key const& key) {
    EVP_PKEY_up_ref(key.get());
    return proxy::jws_key::of(key.get());
}

// RFC 4648 §5, without padding.
inline std::string base64url_of(std::string_view bytes) {
    std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    auto const size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<unsigned char const*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    while (out.ends_with('='))
        out.pop_back();
    for (char& c : out)
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    return out;
}

inline std::string padded_bytes(BIGNUM const* n, int size) {
    std::string out(static_cast<std::size_t>(size), '\0');
    REQUIRE(BN_bn2binpad(n, reinterpret_cast<unsigned char*>(out.data()), size) == size);
    return out;
}

// As JWS has it: of EC r and s, of all others what OpenSSL makes.
inline std::string signature_of(private_key const& key, std::string const& text) {
    auto const kind = EVP_PKEY_get_base_id(key.get());
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const c(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    auto const* hash = kind == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
    REQUIRE(EVP_DigestSignInit(c.get(), nullptr, hash, nullptr, key.get()) == 1);
    std::string out(1024, '\0');
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    std::size_t size = out.size();
    REQUIRE(EVP_DigestSign(c.get(), to, &size, reinterpret_cast<unsigned char const*>(text.data()), text.size()) == 1);
    out.resize(size);
    if (kind != EVP_PKEY_EC)
        return out;
    auto const* from = reinterpret_cast<unsigned char const*>(out.data());
    std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> const sig(
        d2i_ECDSA_SIG(nullptr, &from, static_cast<long>(size)), ECDSA_SIG_free);
    REQUIRE(sig);
    int const half = (EVP_PKEY_get_bits(key.get()) + 7) / 8;
    return padded_bytes(ECDSA_SIG_get0_r(sig.get()), half) + padded_bytes(ECDSA_SIG_get0_s(sig.get()), half);
}

// Both parts in JSON.
inline std::string signed_token(private_key const& key, std::string const& head, std::string const& claims) {
    auto const text = base64url_of(head) + "." + base64url_of(claims);
    return text + "." + base64url_of(signature_of(key, text));
}

inline std::string number_of(private_key const& key, char const* name, int size = 0) {
    BIGNUM* n = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(key.get(), name, &n) == 1);
    auto bytes = padded_bytes(n, size == 0 ? BN_num_bytes(n) : size);
    BN_free(n);
    return bytes;
}

// `more`: further fields with a comma before each.
inline std::string jwk_of(private_key const& key, std::string const& more = "") {
    switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_RSA:
        return R"({"kty":"RSA","n":")" + base64url_of(number_of(key, OSSL_PKEY_PARAM_RSA_N)) + R"(","e":")" +
               base64url_of(number_of(key, OSSL_PKEY_PARAM_RSA_E)) + "\"" + more + "}";
    case EVP_PKEY_EC: {
        int const half = (EVP_PKEY_get_bits(key.get()) + 7) / 8;
        auto const* curve = half == 32 ? "P-256" : "P-384";
        return R"({"kty":"EC","crv":")" + std::string(curve) + R"(","x":")" +
               base64url_of(number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, half)) + R"(","y":")" +
               base64url_of(number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, half)) + "\"" + more + "}";
    }
    default: {
        std::string raw(64, '\0');
        std::size_t size = raw.size();
        auto* to = reinterpret_cast<unsigned char*>(raw.data());
        REQUIRE(EVP_PKEY_get_raw_public_key(key.get(), to, &size) == 1);
        return R"({"kty":"OKP","crv":"Ed25519","x":")" + base64url_of(raw.substr(0, size)) + "\"" + more + "}";
    }
    }
}

inline std::string pem_of(private_key const& key, bool is_public = false) {
    std::unique_ptr<BIO, decltype(&BIO_free)> const out(BIO_new(BIO_s_mem()), BIO_free);
    bool const written =
        is_public ? PEM_write_bio_PUBKEY(out.get(), key.get()) == 1
                  : PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
    REQUIRE(written);
    char* data = nullptr;
    auto const size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

// What is wrong with a token, "" if `key` has signed it.
inline std::string refusal(std::string const& token, proxy::jws_key const& key) {
    auto parsed = proxy::unverified_token::parse(token);
    if (!parsed) {
        CHECK(parsed.error().code == oci::errc::unauthorized);
        return parsed.error().message;
    }
    auto const claims = (*std::move(parsed)).verified_by(key);
    if (claims)
        return "";
    CHECK(claims.error().code == oci::errc::unauthorized);
    return claims.error().message;
}

} // namespace tests
