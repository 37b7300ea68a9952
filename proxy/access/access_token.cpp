#include "proxy/access/access_token.h"

#include "proxy/json_fields.h"

#include <boost/json/array.hpp>

#include <optional>

namespace proxy {
namespace {

namespace json = boost::json;

error refused(std::string why) {
    return from_oci({oci::errc::unauthorized, "the token " + std::move(why)});
}

std::string_view to_string(token_use u) {
    switch (u) {
    case token_use::access:
        return "access";
    case token_use::renewal:
        return "renewal";
    case token_use::issued:
        return "issued";
    }
    return "";
}

std::optional<token_use> parse_use(std::string_view text) {
    for (auto const u : {token_use::access, token_use::renewal, token_use::issued})
        if (text == to_string(u))
            return u;
    return std::nullopt;
}

json::array to_json(scope_list const& list) {
    json::array out;
    for (auto const& s : list.items)
        out.emplace_back(to_string(s));
    return out;
}

// What we signed we can read, or the key is in other hands too: nothing is taken that we would not write.
bool read_scopes(json::object const& o, std::string_view key, std::optional<scope_list>& to) {
    auto const* v = o.if_contains(key);
    if (v == nullptr)
        return true;
    if (!v->is_array() || v->get_array().size() > max_scopes)
        return false;
    to.emplace();
    for (auto const& each : v->get_array()) {
        auto s = each.is_string() ? parse_issued_scope(std::string_view(each.get_string()))
                                  : boost::system::result<scope, std::string>(std::string("is no text"));
        if (!s)
            return false;
        to->items.push_back(*std::move(s));
    }
    return true;
}

bool read_claims(json::object const& o, claim_list& to) {
    auto const* v = o.if_contains("claims");
    if (v == nullptr)
        return true;
    if (!v->is_array())
        return false;
    for (auto const& each : v->get_array()) {
        if (!each.is_array() || each.get_array().size() != 2 || !each.get_array()[0].is_string() ||
            !each.get_array()[1].is_string())
            return false;
        to.emplace_back(std::string(each.get_array()[0].get_string()), std::string(each.get_array()[1].get_string()));
    }
    return true;
}

} // namespace

result<std::string> token_signer::sign(access_token const& t) const {
    json::object o{{"iss", issuer},           {"aud", issuer},      {"sub", t.who.user},
                   {"use", to_string(t.use)}, {"iat", t.issued_at}, {"exp", t.expires_at}};
    if (t.who.limits)
        o["limits"] = to_json(*t.who.limits);
    if (t.who.asked)
        o["asked"] = to_json(*t.who.asked);
    if (!t.who.issuer.empty()) {
        o["idp"] = t.who.issuer;
        o["idp_url"] = t.issuer_url;
        o["known"] = json::array(t.who.claims_known.begin(), t.who.claims_known.end());
    }
    json::array claims;
    for (auto const& [name, value] : t.who.claims)
        claims.emplace_back(json::array{name, value});
    if (!claims.empty())
        o["claims"] = std::move(claims);
    return sign_token(key_, o);
}

result<access_token> token_signer::verify(unverified_token t, std::int64_t now) const {
    auto verified = std::move(t).verified_by(key_);
    if (!verified)
        return verified.error();
    auto const& o = *verified;
    auto const use = parse_use(text_at(o, {"use"}));
    if (!use || text_at(o, {"iss"}) != issuer || text_at(o, {"aud"}) != issuer)
        return refused("is not one of this registry");
    access_token out{*use, {}, count_at(o, "iat"), count_at(o, "exp"), std::string(text_at(o, {"idp_url"}))};
    if (now >= out.expires_at)
        return refused("has expired");
    out.who.user = text_at(o, {"sub"});
    out.who.issuer = text_at(o, {"idp"});
    out.who.is_login = *use != token_use::access;
    out.who.until = *use == token_use::access ? 0 : out.expires_at;
    for (auto const& name : list_at(o, {"known"}))
        if (name.is_string())
            out.who.claims_known.emplace_back(name.get_string());
    if (out.who.issuer.empty() && (o.contains("known") || o.contains("claims"))) // nobody's word: never signed here
        return refused("is not one of this registry");
    if (!read_scopes(o, "limits", out.who.limits) || !read_scopes(o, "asked", out.who.asked) ||
        !read_claims(o, out.who.claims))
        return refused("is not one of this registry");
    return out;
}

} // namespace proxy
