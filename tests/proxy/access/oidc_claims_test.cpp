// What an issuer's verified token says of its bearer, and which tokens say nothing.
#include "proxy/access/oidc_claims.h"

#include "tests/catch.h"

#include <boost/json/parse.hpp>

#include <cmath>
#include <limits>

using namespace proxy;

namespace {

constexpr std::int64_t now = 1'764'356'400;

oidc_config issuer() {
    oidc_config c;
    c.name = "github";
    c.issuer = "https://token.example.com";
    c.audience = "layerd";
    return c;
}

boost::json::object good() {
    return {{"iss", "https://token.example.com"},
            {"aud", "layerd"},
            {"sub", "repo:acme/app:ref:refs/heads/main"},
            {"exp", now + 300}};
}

boost::json::object with(char const* claim, boost::json::value const& v) {
    auto o = good();
    o[claim] = v;
    return o;
}

std::string refusal(boost::json::object const& claims) {
    auto const b = read_bearer(claims, issuer(), {}, now);
    if (b)
        return "";
    CHECK(b.error().code == oci::errc::unauthorized);
    return b.error().message;
}

claim_list kept(char const* json, std::set<std::string> const& wanted) {
    auto o = good();
    auto const more = boost::json::parse(json);
    for (auto const& [name, value] : more.as_object())
        o[name] = value;
    return read_bearer(o, issuer(), wanted, now).value().who.claims;
}

constexpr char const* expired = "the token has expired";
constexpr char const* other_audience = "the token is for another audience than layerd";
constexpr char const* no_subject = "the token has no subject that can name a user";

} // namespace

TEST_CASE("a bearer is called by his issuer's name and his subject") {
    auto const b = read_bearer(good(), issuer(), {}, now);
    REQUIRE(b);
    CHECK(b->who.user == "github:repo:acme/app:ref:refs/heads/main");
    CHECK(b->who.issuer == "github");
    CHECK(b->who.claims.empty());
    CHECK_FALSE(b->who.limits);
    CHECK_FALSE(b->who.asked);
    CHECK_FALSE(b->who.is_anonymous());
    CHECK(b->expires_at == now + 300);
}

TEST_CASE("a token of another issuer is refused, to the letter") {
    for (boost::json::value const& iss :
         {boost::json::value("https://token.example.com/"), boost::json::value("https://TOKEN.example.com"),
          boost::json::value("http://token.example.com"), boost::json::value(""), boost::json::value(nullptr),
          boost::json::value(5), boost::json::value(boost::json::array{"https://token.example.com"})})
        CHECK(refusal(with("iss", iss)) == "the token is of another issuer");
    auto none = good();
    none.erase("iss");
    CHECK(refusal(none) == "the token is of another issuer");
}

TEST_CASE("a token is for us if its audience is ours, alone or in a list") {
    using boost::json::array;
    CHECK(refusal(with("aud", array{"layerd"})).empty());
    CHECK(refusal(with("aud", array{"other", "layerd"})).empty());
    CHECK(refusal(with("aud", array{5, nullptr, "layerd"})).empty());
    CHECK(refusal(with("aud", "other")) == other_audience);
    CHECK(refusal(with("aud", "Layerd")) == other_audience);
    CHECK(refusal(with("aud", "layerd other")) == other_audience);
    CHECK(refusal(with("aud", array{})) == other_audience);
    CHECK(refusal(with("aud", array{"other"})) == other_audience);
    CHECK(refusal(with("aud", array{array{"layerd"}})) == other_audience);
    CHECK(refusal(with("aud", boost::json::object{{"layerd", "layerd"}})) == other_audience);
    CHECK(refusal(with("aud", nullptr)) == other_audience);
    auto none = good();
    none.erase("aud");
    CHECK(refusal(none) == other_audience);
}

TEST_CASE("a token is over a minute after it says so, for clocks differ") {
    CHECK(refusal(with("exp", now + 1)).empty());
    CHECK(refusal(with("exp", now)).empty());
    CHECK(refusal(with("exp", now - 59)).empty());
    CHECK(refusal(with("exp", now - 60)) == expired);
    CHECK(refusal(with("exp", now - 61)) == expired);
    CHECK(refusal(with("exp", 0)) == expired);
    CHECK(refusal(with("exp", -1)) == expired);
    CHECK(refusal(with("exp", std::numeric_limits<std::int64_t>::min())) == expired);
}

TEST_CASE("a time may have a fraction") {
    CHECK(refusal(with("exp", static_cast<double>(now) + 0.5)).empty());
    CHECK(read_bearer(with("exp", static_cast<double>(now) + 299.9), issuer(), {}, now)->expires_at == now + 299);
    CHECK(refusal(with("exp", static_cast<double>(now) - 58.5)).empty());
    CHECK(refusal(with("exp", static_cast<double>(now) - 60.5)) == expired);
}

TEST_CASE("a token without an end that can be read is refused") {
    for (boost::json::value const& exp :
         {boost::json::value("1764356700"), boost::json::value(nullptr), boost::json::value(true),
          boost::json::value(boost::json::array{now + 300}), boost::json::value(1e300), boost::json::value(-1e300),
          boost::json::value(std::numeric_limits<double>::infinity()), boost::json::value(std::nan("")),
          boost::json::value(std::numeric_limits<std::uint64_t>::max())})
        CHECK(refusal(with("exp", exp)) == expired);
    auto none = good();
    none.erase("exp");
    CHECK(refusal(none) == expired);
}

TEST_CASE("a token that ends at the end of time is not over") {
    CHECK(refusal(with("exp", std::numeric_limits<std::int64_t>::max())).empty());
    CHECK(refusal(with("exp", std::numeric_limits<std::int64_t>::max() - 60)).empty());
}

TEST_CASE("a token counts from a minute before it says so") {
    constexpr char const* early = "the token is not valid yet";
    CHECK(refusal(with("nbf", now - 1000)).empty());
    CHECK(refusal(with("nbf", now)).empty());
    CHECK(refusal(with("nbf", now + 60)).empty());
    CHECK(refusal(with("nbf", now + 61)) == early);
    CHECK(refusal(with("nbf", std::numeric_limits<std::int64_t>::max())) == early);
    CHECK(refusal(with("nbf", static_cast<double>(now) + 0.5)).empty());
    CHECK(refusal(with("nbf", 0)).empty());
    for (boost::json::value const& unreadable :
         {boost::json::value("soon"), boost::json::value(nullptr), boost::json::value(1e300), boost::json::value(true)})
        CHECK(refusal(with("nbf", unreadable)) == early);
}

TEST_CASE("a subject must be something that can name a user") {
    for (auto const* sub : {"", " ", "a b", "a\n", "a\nb", "\x01", "a\x7f", "gr\xc3\xbc\xc3\x9f", "a\tb", "\r"}) {
        INFO(sub);
        CHECK(refusal(with("sub", sub)) == no_subject);
    }
    CHECK(refusal(with("sub", boost::json::string("a\0b", 3))) == no_subject);
    CHECK(refusal(with("sub", boost::json::string(512, 'a'))).empty());
    CHECK(refusal(with("sub", boost::json::string(513, 'a'))) == no_subject);
    for (boost::json::value const& sub : {boost::json::value(5), boost::json::value(nullptr),
                                          boost::json::value(boost::json::array{"a"}), boost::json::value(true)})
        CHECK(refusal(with("sub", sub)) == no_subject);
    auto none = good();
    none.erase("sub");
    CHECK(refusal(none) == no_subject);
}

TEST_CASE("claims that rules ask for are kept as text, number, truth value, or each of a list") {
    auto const* all = R"({"ref":"refs/heads/main","run":42,"big":18446744073709551615,"neg":-7,"protected":true,
                          "draft":false,"groups":["a","b",3,false],"other":"x","empty":""})";
    CHECK(kept(all, {"ref"}) == claim_list{{"ref", "refs/heads/main"}});
    CHECK(kept(all, {"run", "big", "neg"}) ==
          claim_list{{"big", "18446744073709551615"}, {"neg", "-7"}, {"run", "42"}});
    CHECK(kept(all, {"protected", "draft"}) == claim_list{{"draft", "false"}, {"protected", "true"}});
    CHECK(kept(all, {"groups"}) == claim_list{{"groups", "a"}, {"groups", "b"}, {"groups", "3"}, {"groups", "false"}});
    CHECK(kept(all, {"empty"}) == claim_list{{"empty", ""}});
    CHECK(kept(all, {}).empty());
    CHECK(kept(all, {"absent"}).empty());
    CHECK(kept(all, {"Ref", "re", "reff"}).empty());
    CHECK(kept(all, {"sub"}) == claim_list{{"sub", "repo:acme/app:ref:refs/heads/main"}});
}

TEST_CASE("claims that are something else are dropped") {
    CHECK(kept(R"({"a":null,"b":{"c":"d"},"e":[["f"],{"g":"h"},null,"i"],"n":1.5})",
               {"a", "b", "b.c", "c", "e", "n"}) == claim_list{{"e", "i"}});
}

TEST_CASE("a token that says more than is taken is refused: cut, it could escape a denial") {
    auto const values = [](std::size_t size) {
        return boost::json::array{"short", boost::json::string(std::string(size, 'x'))};
    };
    CHECK(read_bearer(with("a", values(4000)), issuer(), {"a"}, now).has_value());
    CHECK(read_bearer(with("a", values(5000)), issuer(), {"a"}, now).has_error());
    CHECK(read_bearer(with("a", values(5000)), issuer(), {"b"}, now).has_value());
}
