// Claims of a token that an issuer has signed: whoever has a job there chooses many of them. Who is let in fits what
// the configuration asks for, nothing that rules look at is lost or made up, and the server's own token says the same
// of him.
#pragma once

#include "proxy/access/oidc_claims.h"
#include "proxy/json_fields.h"
#include "tests/fuzz/fixed_keys.h"

#include <boost/json/serialize.hpp>

#include <cmath>
#include <string>

namespace fuzz {

inline proxy::oidc_config fixed_issuer() {
    proxy::oidc_config c;
    c.name = "github";
    c.issuer = "https://token.actions.githubusercontent.com";
    c.audience = "layerd";
    return c;
}

inline bool is_text(boost::json::value const* v, std::string_view text) {
    return v != nullptr && v->is_string() && std::string_view(v->get_string()) == text;
}

inline bool is_audience(boost::json::value const* v, std::string_view text) {
    if (v == nullptr || !v->is_array())
        return is_text(v, text);
    for (auto const& each : v->get_array())
        if (is_text(&each, text))
            return true;
    return false;
}

// Seconds; infinite for what is no number.
inline long double seconds_of(boost::json::value const& v) {
    if (v.is_int64())
        return static_cast<long double>(v.get_int64());
    if (v.is_uint64())
        return static_cast<long double>(v.get_uint64());
    return v.is_double() ? static_cast<long double>(v.get_double()) : std::numeric_limits<long double>::infinity();
}

inline void keep_plainly(proxy::claim_list& to, std::string const& name, boost::json::value const& v) {
    if (v.is_string())
        to.emplace_back(name, std::string(v.get_string()));
    else if (v.is_bool())
        to.emplace_back(name, v.get_bool() ? "true" : "false");
    else if (v.is_int64())
        to.emplace_back(name, std::to_string(v.get_int64()));
    else if (v.is_uint64())
        to.emplace_back(name, std::to_string(v.get_uint64()));
}

inline proxy::claim_list claims_of(boost::json::object const& from, std::set<std::string> const& wanted) {
    proxy::claim_list out;
    for (auto const& name : wanted) {
        auto const* v = from.if_contains(name);
        if (v != nullptr && v->is_array())
            for (auto const& each : v->get_array())
                keep_plainly(out, name, each);
        else if (v != nullptr)
            keep_plainly(out, name, *v);
    }
    return out;
}

inline void check_bearer(boost::json::object const& claims, proxy::oidc_bearer const& b,
                         std::set<std::string> const& wanted) {
    auto const issuer = fixed_issuer();
    expect(is_text(claims.if_contains("iss"), issuer.issuer), "of this issuer");
    expect(is_audience(claims.if_contains("aud"), issuer.audience), "for this audience");
    auto const* exp = claims.if_contains("exp");
    expect(exp != nullptr && std::floor(seconds_of(*exp)) == static_cast<long double>(b.expires_at), "its end");
    expect(b.expires_at > fixed_now - 60, "not over for more than a minute");
    if (auto const* nbf = claims.if_contains("nbf"))
        expect(std::floor(seconds_of(*nbf)) <= static_cast<long double>(fixed_now + 60), "valid in a minute at most");
    auto const subject = proxy::text_at(claims, {"sub"});
    expect(!subject.empty() && b.who.user == issuer.name + ":" + std::string(subject), "named by issuer and subject");
    for (char const c : b.who.user)
        expect(c > ' ' && c <= '~', "a name can stand in a log");
    expect(b.who.issuer == issuer.name && b.who.claims == claims_of(claims, wanted), "all claims that are wanted");
    expect(std::set(b.who.claims_known.begin(), b.who.claims_known.end()) == wanted, "and these are known");
}

inline void check_own_token(proxy::oidc_bearer const& b) {
    proxy::access_token const t{proxy::token_use::renewal, b.who, fixed_now, fixed_now + 60};
    auto const text = fixed_signer().sign(t);
    if (!text) {
        expect(text.error().status == 400, "only its size keeps a token from being signed");
        return;
    }
    auto parsed = proxy::unverified_token::parse(*text);
    expect(parsed.has_value(), "what was signed is a token");
    auto const back = fixed_signer().verify(*std::move(parsed), fixed_now);
    expect(back && back->who.user == b.who.user && back->who.issuer == b.who.issuer, "our token is his");
    expect(back->who.claims == b.who.claims && back->who.claims_known == b.who.claims_known, "and says what his did");
}

inline void check_oidc_claims(std::string_view document) {
    auto const claims = proxy::parse_object(document);
    if (!claims)
        return;
    std::set<std::string> const wanted{"environment", "groups_direct", "ref", "repository", "run_id", "sub"};
    auto const b = proxy::read_bearer(*claims, fixed_issuer(), wanted, fixed_now);
    if (!b) {
        expect(b.error().code == oci::errc::unauthorized, "UNAUTHORIZED");
        return;
    }
    check_bearer(*claims, *b, wanted);
    check_own_token(*b);
}

} // namespace fuzz
