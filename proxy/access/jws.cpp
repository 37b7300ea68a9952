#include "proxy/access/jws.h"

#include "proxy/base64.h"
#include "proxy/json_fields.h"

#include <boost/json/serialize.hpp>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include <algorithm>

namespace proxy {
namespace {

namespace json = boost::json;

error no_token(std::string why) {
    return from_oci({oci::errc::unauthorized, "the token " + std::move(why)});
}

} // namespace

std::string_view name_of(jws_algorithm a) {
    switch (a) {
    case jws_algorithm::ed25519:
        return "EdDSA";
    case jws_algorithm::rs256:
        return "RS256";
    case jws_algorithm::es256:
        return "ES256";
    }
    return "";
}

namespace {

unsigned char const* bytes(std::string const& s) {
    return reinterpret_cast<unsigned char const*>(s.data());
}

// JWS has r and s one behind the other (RFC 7518 §3.4); OpenSSL wants DER.
std::optional<std::string> der_signature(std::string const& raw) {
    constexpr std::size_t half = 32;
    if (raw.size() != 2 * half)
        return std::nullopt;
    std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> const sig(ECDSA_SIG_new(), ECDSA_SIG_free);
    auto* r = BN_bin2bn(bytes(raw), half, nullptr);
    auto* s = BN_bin2bn(bytes(raw) + half, half, nullptr);
    ECDSA_SIG_set0(sig.get(), r, s);
    unsigned char* out = nullptr;
    int const size = i2d_ECDSA_SIG(sig.get(), &out);
    if (size <= 0)
        return std::nullopt;
    std::string der(reinterpret_cast<char*>(out), static_cast<std::size_t>(size));
    OPENSSL_free(out);
    return der;
}

using digest_context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

EVP_MD const* hash_for(jws_algorithm a) {
    return a == jws_algorithm::ed25519 ? nullptr : EVP_sha256(); // Ed25519 hashes by itself
}

bool is_signed_by(jws_key const& key, std::string const& text, std::string const& signature) {
    digest_context const c(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    bool const fits = c && EVP_DigestVerifyInit(c.get(), nullptr, hash_for(key.algorithm()), nullptr, key.get()) == 1 &&
                      EVP_DigestVerify(c.get(), bytes(signature), signature.size(), bytes(text), text.size()) == 1;
    ERR_clear_error();
    return fits;
}

} // namespace

std::optional<jws_key> jws_key::of(EVP_PKEY* key) {
    std::shared_ptr<EVP_PKEY> owned(key, EVP_PKEY_free);
    if (!owned)
        return std::nullopt;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
        return jws_key(std::move(owned), jws_algorithm::ed25519);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= 2048)
        return jws_key(std::move(owned), jws_algorithm::rs256);
    char group[32] = {};
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
        std::string_view(group) == "prime256v1")
        return jws_key(std::move(owned), jws_algorithm::es256);
    return std::nullopt;
}

bool looks_like_token(std::string_view text) noexcept {
    return text.starts_with("ey") && std::ranges::count(text, '.') == 2; // "ey": base64url of {"
}

result<unverified_token> unverified_token::parse(std::string_view text) {
    if (text.size() > max_token_size)
        return no_token("is too long");
    if (std::ranges::count(text, '.') != 2)
        return no_token("is none: it has not three parts");
    auto const first = text.find('.');
    auto const second = text.find('.', first + 1);
    auto const head = from_base64url(text.substr(0, first));
    auto const body = from_base64url(text.substr(first + 1, second - first - 1));
    auto signature = from_base64url(text.substr(second + 1));
    auto const fields = head ? parse_object(*head) : std::nullopt;
    auto claims = body ? parse_object(*body) : std::nullopt;
    if (!fields || !claims || !signature)
        return no_token("is none: its parts are not base64url of JSON");
    if (fields->contains("crit"))
        return no_token("demands an extension that is not known here");
    unverified_token t;
    t.algorithm_ = text_at(*fields, {"alg"});
    t.key_id_ = text_at(*fields, {"kid"});
    t.signed_part_ = text.substr(0, second);
    t.signature_ = *std::move(signature);
    t.claims_ = *std::move(claims);
    return t;
}

std::string_view unverified_token::issuer() const {
    return text_at(claims_, {"iss"});
}

result<json::object> unverified_token::verified_by(jws_key const& key) && {
    if (algorithm_ != name_of(key.algorithm()))
        return no_token("is not signed in the way that its key is for");
    auto signature = signature_;
    if (key.algorithm() == jws_algorithm::es256) {
        auto der = der_signature(signature_);
        if (!der)
            return no_token("has a signature that is none");
        signature = *std::move(der);
    }
    if (!is_signed_by(key, signed_part_, signature))
        return no_token("is not signed by its issuer");
    return std::move(claims_);
}

result<std::string> sign_token(jws_key const& key, json::object const& claims) {
    json::object const head{{"alg", name_of(key.algorithm())}, {"typ", "JWT"}};
    auto text = base64url(json::serialize(head)) + "." + base64url(json::serialize(claims));
    digest_context const c(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    unsigned char signature[64];
    std::size_t size = sizeof signature;
    if (key.algorithm() != jws_algorithm::ed25519 || !c ||
        EVP_DigestSignInit(c.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
        EVP_DigestSign(c.get(), signature, &size, bytes(text), text.size()) != 1)
        return internal_error("a token could not be signed");
    text += "." + base64url({reinterpret_cast<char*>(signature), size});
    if (text.size() > max_token_size)
        return error{oci::errc::denied, error_source::client, retry_class::never, 400, "the token would be too long"};
    return text;
}

} // namespace proxy
