#include "proxy/access/jwk_set.h"

#include "proxy/base64.h"
#include "proxy/json_fields.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <memory>

namespace proxy {
namespace {

namespace json = boost::json;

using number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
using builder = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;

number number_of(std::string const& big_endian) {
    return {BN_bin2bn(reinterpret_cast<unsigned char const*>(big_endian.data()), static_cast<int>(big_endian.size()),
                      nullptr),
            BN_free};
}

// Null if OpenSSL does not take these for a public key.
EVP_PKEY* make_key(char const* type, OSSL_PARAM_BLD* from) {
    std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> const params(OSSL_PARAM_BLD_to_param(from),
                                                                         OSSL_PARAM_free);
    std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> const context(
        EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), EVP_PKEY_CTX_free);
    EVP_PKEY* key = nullptr;
    bool const made = params && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) == 1;
    ERR_clear_error();
    return made ? key : nullptr;
}

EVP_PKEY* rsa_key(json::object const& o) {
    auto const n = from_base64url(text_at(o, {"n"}));
    auto const e = from_base64url(text_at(o, {"e"}));
    constexpr std::size_t longest = 8192 / 8; // checking a signature by a longer one takes milliseconds
    if (!n || !e || n->empty() || n->size() > longest || e->empty() || e->size() > 8)
        return nullptr;
    auto const modulus = number_of(*n);
    auto const exponent = number_of(*e);
    if (!BN_is_odd(exponent.get()) || BN_is_one(exponent.get())) // RFC 8017 §3.1; with 1 anything signs itself
        return nullptr;
    builder const b(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
    if (OSSL_PARAM_BLD_push_BN(b.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(b.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
        return nullptr;
    return make_key("RSA", b.get());
}

EVP_PKEY* p256_key(json::object const& o) {
    auto const x = from_base64url(text_at(o, {"x"}));
    auto const y = from_base64url(text_at(o, {"y"}));
    if (text_at(o, {"crv"}) != "P-256" || !x || !y || x->size() != 32 || y->size() != 32)
        return nullptr;
    auto const point = "\x04" + *x + *y; // uncompressed (SEC 1 §2.3.3); that it is on the curve OpenSSL checks
    builder const b(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
    if (OSSL_PARAM_BLD_push_utf8_string(b.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(b.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
        return nullptr;
    return make_key("EC", b.get());
}

EVP_PKEY* ed25519_key(json::object const& o) {
    auto const x = from_base64url(text_at(o, {"x"}));
    if (text_at(o, {"crv"}) != "Ed25519" || !x || x->size() != 32)
        return nullptr;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, reinterpret_cast<unsigned char const*>(x->data()),
                                       x->size());
}

// What it is for as far as it says, "use" and "key_ops" (RFC 7517 §4.2, §4.3).
bool is_for_signatures(json::object const& o) {
    if (auto const use = text_at(o, {"use"}); !use.empty() && use != "sig")
        return false;
    if (!o.contains("key_ops"))
        return true;
    return std::ranges::any_of(list_at(o, {"key_ops"}), [](json::value const& v) { return v == "verify"; });
}

EVP_PKEY* any_key(json::object const& o) {
    auto const type = text_at(o, {"kty"});
    if (type == "RSA")
        return rsa_key(o);
    if (type == "EC")
        return p256_key(o);
    return type == "OKP" ? ed25519_key(o) : nullptr;
}

std::optional<jws_key> key_of(json::object const& o) {
    auto key = is_for_signatures(o) ? jws_key::of(any_key(o)) : std::nullopt;
    auto const meant_for = text_at(o, {"alg"});
    if (key && !meant_for.empty() && meant_for != name_of(key->algorithm()))
        return std::nullopt;
    return key;
}

} // namespace

result<jwk_set> jwk_set::parse(std::string_view text) {
    auto const document = text.size() <= max_size ? parse_object(text) : std::nullopt;
    if (!document)
        return internal_error("it is no JSON Web Key Set");
    jwk_set set;
    for (auto const& each : list_at(*document, {"keys"})) {
        auto const* o = each.if_object();
        auto key = o != nullptr && set.keys_.size() < max_keys ? key_of(*o) : std::nullopt;
        if (key)
            set.keys_.emplace_back(std::string(text_at(*o, {"kid"})), *std::move(key));
    }
    if (set.keys_.empty())
        return internal_error("it holds no key that can be used: RSA of 2048 bits, EC P-256 or Ed25519");
    return set;
}

jws_key const* jwk_set::find(std::string_view key_id) const noexcept {
    if (key_id.empty())
        return keys_.size() == 1 ? &keys_.front().second : nullptr;
    for (auto const& [name, key] : keys_)
        if (name == key_id)
            return &key;
    return nullptr;
}

} // namespace proxy
