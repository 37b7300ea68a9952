// The server's own tokens: that all they say comes back, and which are refused.
#include "proxy/access/access_token.h"

#include "tests/proxy/access/signed_tokens.h"

#include <boost/json/array.hpp>

using namespace proxy;
namespace json = boost::json;

namespace {

constexpr std::int64_t now = 1'764'356'400;

jws_key new_key() {
    return tests::as_jws_key(tests::ed25519_key()).value();
}

scope_list scopes(std::initializer_list<char const*> texts) {
    scope_list list;
    for (auto const* text : texts) {
        auto s = parse_issued_scope(text);
        REQUIRE(s);
        list.items.push_back(*s);
    }
    return list;
}

result<access_token> read(token_signer const& by, std::string const& text, std::int64_t at = now) {
    auto t = unverified_token::parse(text);
    if (!t)
        return t.error();
    return by.verify(*std::move(t), at);
}

result<access_token> round_trip(access_token const& t, std::int64_t at = now) {
    token_signer const signer(new_key());
    auto const text = signer.sign(t);
    REQUIRE(text);
    return read(signer, *text, at);
}

access_token token_of(token_use use, std::string user) {
    access_token t;
    t.use = use;
    t.who.user = std::move(user);
    t.issued_at = now - 10;
    t.expires_at = now + 300;
    return t;
}

json::object good() {
    return {{"iss", "layerd"}, {"aud", "layerd"}, {"sub", "alice"},
            {"use", "access"}, {"iat", now},      {"exp", now + 300}};
}

// Signed with the right key, as nobody but the server can.
std::string refusal(json::object const& claims) {
    auto const key = new_key();
    auto const t = read(token_signer(key), sign_token(key, claims).value());
    if (t)
        return "";
    CHECK(t.error().code == oci::errc::unauthorized);
    return t.error().message;
}

std::string refusal_with(char const* claim, json::value const& v) {
    auto o = good();
    o[claim] = v;
    return refusal(o);
}

std::string refusal_without(char const* claim) {
    auto o = good();
    o.erase(claim);
    return refusal(o);
}

constexpr char const* not_ours = "the token is not one of this registry";
constexpr char const* expired = "the token has expired";

} // namespace

TEST_CASE("all that a token says comes back") {
    auto t = token_of(token_use::issued, "github:repo:acme/app:ref:refs/heads/main");
    t.who.issuer = "github";
    t.who.claims = {{"ref", "refs/heads/main"}, {"groups", "a"}, {"groups", "b \"q\" \xc3\xa4"}, {"empty", ""}};
    t.who.limits = scopes({"local/**:pull,push", "h:5000/a:delete", "admin"});
    t.who.asked = scopes({"local/app:pull"});
    auto const back = round_trip(t);
    REQUIRE(back);
    CHECK(back->use == token_use::issued);
    CHECK(back->who.user == t.who.user);
    CHECK(back->who.issuer == "github");
    CHECK(back->who.claims == t.who.claims);
    CHECK(back->who.limits == t.who.limits);
    CHECK(back->who.asked == t.who.asked);
    CHECK(back->issued_at == now - 10);
    CHECK(back->expires_at == now + 300);
}

TEST_CASE("a token that says little comes back without more") {
    auto const back = round_trip(token_of(token_use::access, ""));
    REQUIRE(back);
    CHECK(back->use == token_use::access);
    CHECK(back->who.is_anonymous());
    CHECK(back->who.issuer.empty());
    CHECK(back->who.claims.empty());
    CHECK_FALSE(back->who.limits);
    CHECK_FALSE(back->who.asked);
}

TEST_CASE("a token that is for nothing stays one, and is not for everything") {
    auto t = token_of(token_use::access, "alice");
    t.who.limits.emplace();
    t.who.asked.emplace();
    auto const back = round_trip(t);
    REQUIRE(back);
    REQUIRE(back->who.limits);
    REQUIRE(back->who.asked);
    CHECK(back->who.limits->items.empty());
    CHECK(back->who.asked->items.empty());
}

TEST_CASE("what a token that can be renewed proves is over with it") {
    CHECK(round_trip(token_of(token_use::renewal, "alice"))->who.until == now + 300);
    CHECK(round_trip(token_of(token_use::issued, "alice"))->who.until == now + 300);
    CHECK(round_trip(token_of(token_use::access, "alice"))->who.until == 0);
}

TEST_CASE("a token is over in the second that it names") {
    auto const t = token_of(token_use::access, "alice");
    CHECK(round_trip(t, now + 299));
    for (auto const at : {now + 300, now + 301, now + 1'000'000'000}) {
        auto const late = round_trip(t, at);
        REQUIRE_FALSE(late);
        CHECK(late.error().code == oci::errc::unauthorized);
        CHECK(late.error().message == expired);
    }
    CHECK(round_trip(t, now - 1'000'000)); // clocks are set back
}

TEST_CASE("a token of another key is refused, whoever it is of") {
    token_signer const ours(new_key()), other(new_key());
    auto const text = other.sign(token_of(token_use::issued, "root")).value();
    CHECK(read(other, text));
    auto const refused = read(ours, text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == oci::errc::unauthorized);
    CHECK(refused.error().message == "the token is not signed by its issuer");
}

TEST_CASE("a token of another algorithm is refused") {
    auto const rsa = tests::the_rsa_key();
    auto const body = R"({"iss":"layerd","aud":"layerd","sub":"root","use":"access","exp":99999999999})";
    CHECK_FALSE(read(token_signer(new_key()), tests::signed_token(rsa, R"({"alg":"RS256"})", body)));
    CHECK_FALSE(read(token_signer(new_key()),
                     tests::base64url_of(R"({"alg":"none"})") + "." + tests::base64url_of(body) + "."));
}

TEST_CASE("a signature of ours under something else makes no token of it") {
    REQUIRE(refusal(good()).empty());
    for (auto const* claim : {"iss", "aud"}) {
        for (json::value const& v : {json::value(""), json::value("Layerd"), json::value("https://token.example.com"),
                                     json::value(nullptr), json::value(json::array{"layerd"})})
            CHECK(refusal_with(claim, v) == not_ours);
        CHECK(refusal_without(claim) == not_ours);
    }
    for (json::value const& use : {json::value(""), json::value("Access"), json::value("refresh"), json::value(0),
                                   json::value(nullptr), json::value(json::array{"access"})})
        CHECK(refusal_with("use", use) == not_ours);
    CHECK(refusal_without("use") == not_ours);
}

TEST_CASE("a token without an end is over") {
    CHECK(refusal_without("exp") == expired);
    for (json::value const& exp : {json::value("99999999999"), json::value(nullptr), json::value(true),
                                   json::value(static_cast<double>(now) + 0.5), json::value(-1), json::value(1e300)})
        CHECK(refusal_with("exp", exp) == expired);
}

TEST_CASE("limits and scopes that cannot be read are no limits, so the token is refused") {
    using json::array;
    for (auto const* name : {"limits", "asked"}) {
        for (json::value const& v :
             {json::value(nullptr), json::value(""), json::value("local/app:pull"), json::value(json::object{}),
              json::value(5), json::value(array{5}), json::value(array{nullptr}), json::value(array{""}),
              json::value(array{"local/app"}), json::value(array{"local/app:"}), json::value(array{"local/app:fly"}),
              json::value(array{"local/app:pull", "local/app:pull,fly"}), json::value(array{":pull"}),
              json::value(array{"a b:pull"}), json::value(array{"***:pull"}), json::value(array{array{"a:pull"}})}) {
            INFO(name);
            CHECK(refusal_with(name, v) == not_ours);
        }
        array many;
        for (std::size_t i = 0; i < max_scopes; ++i)
            many.emplace_back("a:pull");
        CHECK(refusal_with(name, many).empty());
        many.emplace_back("a:pull");
        CHECK(refusal_with(name, many) == not_ours);
    }
}

TEST_CASE("claims that cannot be read are not passed over, so the token is refused") {
    using json::array;
    auto const of_issuer = [](json::value const& claims) {
        auto o = good();
        o["idp"] = "ci";
        o["claims"] = claims;
        return refusal(o);
    };
    CHECK(of_issuer(array{array{"a", "b"}}).empty());
    for (json::value const& v :
         {json::value(nullptr), json::value("a"), json::value(json::object{{"a", "b"}}), json::value(array{"a", "b"}),
          json::value(array{array{"a"}}), json::value(array{array{"a", "b", "c"}}), json::value(array{array{"a", 5}}),
          json::value(array{array{5, "a"}}), json::value(array{array{"a", "b"}, nullptr})})
        CHECK(of_issuer(v) == not_ours);
    CHECK(refusal_with("claims", array{array{"a", "b"}}) == not_ours); // nobody's word
    CHECK(refusal_with("known", array{"a"}) == not_ours);
}

TEST_CASE("what is signed can be read: as many scopes as there may be, of the longest names") {
    token_signer const signer(new_key());
    auto t = token_of(token_use::access, "alice");
    t.who.asked.emplace();
    for (std::size_t i = 0; i < max_scopes; ++i)
        t.who.asked->items.push_back(parse_scope("repository:" + std::string(255, 'a') + ":pull,push").value());
    auto const text = signer.sign(t);
    CHECK((text.has_error() || read(signer, *text).has_value())); // refused at once is as well
}

TEST_CASE("what is signed can be read: names that no repository has") {
    token_signer const signer(new_key());
    auto const s = parse_scope("repository:a\xff:pull");
    if (!s)
        return;
    auto t = token_of(token_use::access, "alice");
    t.who.asked = scope_list{{*s}};
    auto const text = signer.sign(t);
    CHECK((text.has_error() || read(signer, *text).has_value()));
}
