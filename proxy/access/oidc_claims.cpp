#include "proxy/access/oidc_claims.h"

#include "proxy/json_fields.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace proxy {
namespace {

namespace json = boost::json;

constexpr std::int64_t leeway = 60;      // seconds that the issuer's clock may be off
constexpr std::size_t most_bytes = 4096; // of all claims that are kept: tokens are made of them

error refused(std::string why) {
    return from_oci({oci::errc::unauthorized, "the token " + std::move(why)});
}

bool is_for(json::value const* audience, std::string_view wanted) {
    if (audience == nullptr)
        return false;
    if (audience->is_string())
        return std::string_view(audience->get_string()) == wanted;
    auto const* list = audience->if_array();
    return list != nullptr && std::ranges::any_of(*list, [&](json::value const& v) {
               return v.is_string() && std::string_view(v.get_string()) == wanted;
           });
}

// Seconds, of which some issuers have fractions.
std::optional<std::int64_t> time_at(json::object const& claims, std::string_view name) {
    if (auto const whole = number_at<std::int64_t>(claims, {name}))
        return whole;
    auto const* v = claims.if_contains(name);
    if (v == nullptr || !v->is_double() || !(v->get_double() > 0 && v->get_double() < 1e12))
        return std::nullopt;
    return static_cast<std::int64_t>(v->get_double());
}

void keep(claim_list& to, std::string const& name, json::value const& v) {
    std::string text;
    if (v.is_string())
        text = v.get_string();
    else if (v.is_bool() || v.is_int64() || v.is_uint64())
        text = json::serialize(v);
    else
        return;
    to.emplace_back(name, std::move(text));
}

bool can_be_name(std::string_view subject) {
    auto const fits = [](char c) { return c > 0x20 && c < 0x7f; };
    return !subject.empty() && subject.size() <= 512 && std::ranges::all_of(subject, fits);
}

} // namespace

result<oidc_bearer> read_bearer(json::object const& claims, oidc_config const& issuer,
                                std::set<std::string> const& wanted, std::int64_t now) {
    if (text_at(claims, {"iss"}) != issuer.issuer)
        return refused("is of another issuer");
    if (!is_for(claims.if_contains("aud"), issuer.audience))
        return refused("is for another audience than " + issuer.audience);
    auto const expires = time_at(claims, "exp");
    if (!expires || now - leeway >= *expires)
        return refused("has expired");
    if (claims.contains("nbf") && now + leeway < time_at(claims, "nbf").value_or(now + 2 * leeway))
        return refused("is not valid yet");
    auto const subject = text_at(claims, {"sub"});
    if (!can_be_name(subject))
        return refused("has no subject that can name a user");
    oidc_bearer out;
    out.expires_at = *expires;
    out.who.user = issuer.name + ":" + std::string(subject);
    out.who.issuer = issuer.name;
    for (auto const& name : wanted) {
        auto const* v = claims.if_contains(name);
        if (v == nullptr)
            continue;
        if (auto const* list = v->if_array()) {
            for (auto const& each : *list)
                keep(out.who.claims, name, each);
        } else {
            keep(out.who.claims, name, *v);
        }
    }
    out.who.claims_known.assign(wanted.begin(), wanted.end());
    std::size_t size = 0;
    for (auto const& [name, value] : out.who.claims)
        size += name.size() + value.size();
    if (size > most_bytes)
        return refused("says more in the claims that rules ask for than is taken"); // cut, it could escape a denial
    return out;
}

} // namespace proxy
