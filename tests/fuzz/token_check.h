// Tokens: the input is one as clients send it, or a head and, from the second line on, claims, which are signed here.
// What a key is said to have signed OpenSSL says too, asked without any code of the proxy's; a token that was changed
// in any character is refused; and a token of ours says the same when it is signed again.
#pragma once

#include "proxy/json_fields.h"
#include "tests/fuzz/fixed_keys.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/plain_base64.h"

#include <boost/json/serialize.hpp>
#include <openssl/err.h>

#include <memory>
#include <optional>
#include <string>

namespace fuzz {

struct plain_token {
    std::string head, claims, signature, signed_part;
};

inline std::optional<plain_token> take_apart(std::string_view text) {
    auto const first = text.find('.');
    auto const last = text.rfind('.');
    if (first == last || text.find('.', first + 1) != last)
        return std::nullopt;
    auto head = plain_decode(text.substr(0, first), base64url_digits, false);
    auto claims = plain_decode(text.substr(first + 1, last - first - 1), base64url_digits, false);
    auto signature = plain_decode(text.substr(last + 1), base64url_digits, false);
    if (!head || !claims || !signature)
        return std::nullopt;
    return plain_token{*head, *claims, *signature, std::string(text.substr(0, last))};
}

// A number of DER (X.690 §8.3), of a big-endian one.
inline std::string der_number(std::string_view bytes) {
    while (bytes.size() > 1 && bytes.front() == '\0')
        bytes.remove_prefix(1);
    std::string value(bytes);
    if ((static_cast<unsigned char>(value.front()) & 0x80) != 0)
        value.insert(value.begin(), '\0');
    return "\x02" + std::string(1, static_cast<char>(value.size())) + value;
}

inline bool openssl_accepts(proxy::jws_key const& key, plain_token const& t) {
    auto signature = t.signature;
    bool const is_ec = key.algorithm() == proxy::jws_algorithm::es256;
    if (is_ec && signature.size() != 64)
        return false;
    if (is_ec) {
        auto const both = der_number(signature.substr(0, 32)) + der_number(signature.substr(32));
        signature = "\x30" + std::string(1, static_cast<char>(both.size())) + both;
    }
    auto const* hash = key.algorithm() == proxy::jws_algorithm::ed25519 ? nullptr : EVP_sha256();
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const c(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    auto const bytes = [](std::string const& s) { return reinterpret_cast<unsigned char const*>(s.data()); };
    bool const good =
        EVP_DigestVerifyInit(c.get(), nullptr, hash, nullptr, key.get()) == 1 &&
        EVP_DigestVerify(c.get(), bytes(signature), signature.size(), bytes(t.signed_part), t.signed_part.size()) == 1;
    ERR_clear_error();
    return good;
}

// Whether this is a token that `key` has signed, in the way that the key is for (RFC 7515 §5.2, RFC 8725 §3.1).
inline bool is_signed_token(std::string_view text, proxy::jws_key const& key) {
    auto const t = take_apart(text);
    auto const head = t ? proxy::parse_object(t->head) : std::nullopt;
    if (!head || !proxy::parse_object(t->claims) || head->contains("crit") || text.size() > proxy::max_token_size)
        return false;
    return proxy::text_at(*head, {"alg"}) == proxy::name_of(key.algorithm()) && openssl_accepts(key, *t);
}

inline bool accepts(std::string_view text, proxy::jws_key const& key) {
    auto t = proxy::unverified_token::parse(text);
    if (!t) {
        expect(t.error().code == oci::errc::unauthorized, "UNAUTHORIZED");
        return false;
    }
    auto const claims = (*std::move(t)).verified_by(key);
    expect(claims || claims.error().code == oci::errc::unauthorized, "UNAUTHORIZED");
    if (claims)
        // As text: 0e999999999 is read as what no number is equal to, itself included.
        expect(boost::json::serialize(*proxy::parse_object(take_apart(text)->claims)) ==
                   boost::json::serialize(*claims),
               "the claims that stand there");
    return claims.has_value();
}

inline boost::system::result<proxy::access_token, proxy::error> read_own(std::string_view text) {
    auto t = proxy::unverified_token::parse(text);
    return t ? fixed_signer().verify(*std::move(t), fixed_now) : t.error();
}

inline void check_own(std::string_view text) {
    auto const t = read_own(text);
    if (!t)
        return;
    expect(t->expires_at > fixed_now, "it is not over");
    expect(t->who.is_login == (t->use != proxy::token_use::access), "what is for requests is no login");
    expect(t->who.until == (t->who.is_login ? t->expires_at : 0), "what it proves is over with it");
    auto const printed = fixed_signer().sign(*t);
    if (!printed) {
        expect(printed.error().status == 400, "only its size keeps a token from being signed again");
        return;
    }
    auto const again = read_own(*printed);
    expect(again.has_value(), "what was signed again is read");
    expect(again->use == t->use && again->issued_at == t->issued_at && again->expires_at == t->expires_at, "its use");
    expect(again->who.user == t->who.user && again->who.issuer == t->who.issuer, "whose it is");
    expect(again->who.claims == t->who.claims && again->who.claims_known == t->who.claims_known, "its claims");
    expect(again->who.limits == t->who.limits && again->who.asked == t->who.asked, "what it is for");
}

inline std::string sign_by_hand(std::string_view head, std::string_view claims) {
    auto const text = plain_encode(head, base64url_digits) + "." + plain_encode(claims, base64url_digits);
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const c(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::array<unsigned char, 64> signature{};
    auto size = signature.size();
    expect(EVP_DigestSignInit(c.get(), nullptr, nullptr, nullptr, fixed_signing_key().get()) == 1 &&
               EVP_DigestSign(c.get(), signature.data(), &size, reinterpret_cast<unsigned char const*>(text.data()),
                              text.size()) == 1,
           "the fixed key signs");
    return text + "." + plain_encode({reinterpret_cast<char const*>(signature.data()), size}, base64url_digits);
}

// Another character in one place, which the input chooses.
inline void check_bent(std::string text) {
    std::size_t place = 0;
    for (unsigned char const c : text)
        place = place * 31 + c;
    auto& c = text[place % text.size()];
    auto const at = base64url_digits.find(c);
    c = base64url_digits[(at == base64url_digits.npos ? 0 : at + 1 + place / 7 % 63) % 64];
    expect(!accepts(text, fixed_signing_key()), "a token that was changed is refused");
}

inline void check_token_text(std::string_view text) {
    for (auto const& key : fixed_keys())
        expect(accepts(text, key) == is_signed_token(text, key), "taken if it is signed");
    check_own(text);
}

inline void check_token(std::string_view input) {
    auto const [head, claims] = split_line(input);
    if (claims.empty())
        return check_token_text(input);
    auto const text = sign_by_hand(head, claims);
    check_token_text(text);
    if (text.size() <= proxy::max_token_size)
        check_bent(text);
}

} // namespace fuzz
