// The parts of the token dance that need no network.
#include "proxy/upstream/token.h"

#include "proxy/upstream/grants.h"
#include "proxy/upstream/realm_trust.h"
#include "tests/catch.h"

using namespace std::chrono_literals;
using proxy::origin;

namespace {

oci::repository const alpine = oci::repository::parse("library/alpine").value();

proxy::token_request request_for(std::string_view challenge) {
    return proxy::parse_bearer(oci::parse_challenges(challenge).at(0), alpine).value();
}

} // namespace

TEST_CASE("a challenge becomes the token server's URL") {
    auto const r = request_for(R"(Bearer realm="https://auth.x/t?a=1",service="reg & co",scope="repository:a/b:pull")");
    CHECK(r.url().at == origin{true, "auth.x", 443});
    CHECK(r.url().target == "/t?a=1&service=reg%20%26%20co&scope=repository%3Aa%2Fb%3Apull");
}

TEST_CASE("each scope of a challenge is a parameter of its own") {
    auto const r = request_for(R"(Bearer realm="https://auth.x/t",scope="repository:a:pull  repository:b:pull")");
    CHECK(r.url().target == "/t?scope=repository%3Aa%3Apull&scope=repository%3Ab%3Apull");
}

TEST_CASE("a challenge without a scope asks to pull the repository") {
    CHECK(request_for(R"(Bearer realm="https://auth.x/t")").scopes ==
          std::vector<std::string>{"repository:library/alpine:pull"});
}

TEST_CASE("a realm that is not a URL is denied") {
    auto const c = oci::parse_challenges(R"(Bearer realm="auth.x/t")").at(0);
    CHECK(proxy::parse_bearer(c, alpine).error().code == oci::errc::denied);
}

TEST_CASE("a token's life is what the server says, within reason") {
    CHECK(proxy::parse_token(R"({"token":"t","expires_in":300})").value().life == 300s);
    CHECK(proxy::parse_token(R"({"token":"t","expires_in":90.5})").value().life == 90s);
    CHECK(proxy::parse_token(R"({"token":"t"})").value().life == 60s);
    CHECK(proxy::parse_token(R"({"token":"t","expires_in":0})").value().life == 60s);
    CHECK(proxy::parse_token(R"({"token":"t","expires_in":-5})").value().life == 60s);
    CHECK(proxy::parse_token(R"({"token":"t","expires_in":"300"})").value().life == 60s);
    CHECK(proxy::parse_token(R"({"token":"t","expires_in":1e30})").value().life == 24h);
}

TEST_CASE("token is preferred to access_token, and an empty one is none") {
    CHECK(proxy::parse_token(R"({"token":"a","access_token":"b"})").value().value == "a");
    CHECK(proxy::parse_token(R"({"token":"","access_token":"b"})").value().value == "b");
    CHECK(proxy::parse_token(R"({"token":"a b"})").has_error());
}

TEST_CASE("a token that is too long to be kept by the thousand is refused") {
    auto const of_size = [](std::size_t n) { return R"({"token":")" + std::string(n, 'a') + "\"}"; };
    CHECK(proxy::parse_token(of_size(proxy::token::max_size)).has_value());
    CHECK(proxy::parse_token(of_size(proxy::token::max_size + 1)).error().status == 502);
}

TEST_CASE("a grant is found until it expires, and not dropped for another's refusal") {
    proxy::steady_clock::time_point const start{1000h};
    proxy::grant_store grants;
    auto const request = request_for(R"(Bearer realm="https://auth.x/t")");
    grants.put("k", proxy::granted(request, {proxy::secret("new"), 100s}, start), start);

    CHECK(grants.find("k", start + 99s)->authorization == "Bearer new");
    CHECK_FALSE(grants.find("k", start + 89s)->due(start + 89s));
    CHECK(grants.find("k", start + 90s)->due(start + 90s));
    CHECK_FALSE(grants.find("k", start + 100s));
    CHECK_FALSE(grants.find("other", start));
    grants.drop("k", "Bearer old");
    CHECK(grants.find("k", start));
    grants.drop("k", "Bearer new");
    CHECK_FALSE(grants.find("k", start));
}

TEST_CASE("a grant that has expired is forgotten, though nobody asks for it again") {
    proxy::steady_clock::time_point const start{1000h};
    proxy::grant_store grants;
    auto const request = request_for(R"(Bearer realm="https://auth.x/t")");
    grants.put("looked for", proxy::granted(request, {proxy::secret("t"), 100s}, start), start);
    grants.put("not looked for", proxy::granted(request, {proxy::secret("t"), 100s}, start), start);
    CHECK(grants.size() == 2);
    CHECK_FALSE(grants.find("looked for", start + 100s));
    CHECK(grants.size() == 0);
}

TEST_CASE("grants beyond the limit push out those that end first") {
    proxy::steady_clock::time_point const start{1000h};
    proxy::grant_store grants;
    auto const request = request_for(R"(Bearer realm="https://auth.x/t")");
    for (std::size_t i = 0; i <= proxy::grant_store::max_size; ++i)
        grants.put(std::to_string(i), proxy::granted(request, {proxy::secret("t"), 100s + i * 1s}, start), start);

    CHECK_FALSE(grants.find("0", start));
    CHECK(grants.find("1", start));
    CHECK(grants.find(std::to_string(proxy::grant_store::max_size), start));
}

TEST_CASE("realms are trusted on the registry's own domain and where configured") {
    origin const hub{true, "registry-1.docker.io", 443};
    CHECK(proxy::is_trusted_realm({true, "auth.docker.io", 443}, hub, {}));
    CHECK(proxy::is_trusted_realm({true, "registry-1.docker.io", 8443}, hub, {}));
    CHECK_FALSE(proxy::is_trusted_realm({true, "auth.docker.com", 443}, hub, {}));
    CHECK_FALSE(proxy::is_trusted_realm({true, "evildocker.io", 443}, hub, {}));
    CHECK(proxy::is_trusted_realm({true, "Auth.Docker.Com", 443}, hub, {"auth.docker.com"}));
}

TEST_CASE("a realm without TLS is trusted only by a registry without TLS") {
    CHECK_FALSE(proxy::is_trusted_realm({false, "r.example.org", 80}, {true, "r.example.org", 443}, {"r.example.org"}));
    CHECK(proxy::is_trusted_realm({false, "r.example.org", 80}, {false, "r.example.org", 80}, {}));
}

TEST_CASE("addresses, single labels and shared domains trust only themselves") {
    CHECK_FALSE(proxy::is_trusted_realm({true, "10.0.0.2", 443}, {true, "10.1.0.2", 443}, {}));
    CHECK_FALSE(proxy::is_trusted_realm({true, "auth", 443}, {true, "registry", 443}, {}));
    CHECK_FALSE(proxy::is_trusted_realm({true, "b.azurecr.io", 443}, {true, "a.azurecr.io", 443}, {}));
    CHECK_FALSE(proxy::is_trusted_realm({true, "b.co.uk", 443}, {true, "a.co.uk", 443}, {}));
    CHECK(proxy::is_trusted_realm({true, "auth.b.co.uk", 443}, {true, "r.b.co.uk", 443}, {}));
    CHECK(proxy::registrable_domain("a.b.example.com") == "example.com");
    CHECK(proxy::registrable_domain("::1") == "::1");
}
