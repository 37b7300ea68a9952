// Signed tokens: which signatures are taken, and everything that is refused before and after one is looked at.
#include "proxy/access/jws.h"

#include "tests/proxy/access/signed_tokens.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

using namespace proxy;
using tests::base64url_of;
using tests::refusal;

namespace {

jws_key key_of(tests::private_key const& key) {
    auto k = tests::as_jws_key(key);
    REQUIRE(k);
    return *k;
}

std::string parse_refusal(std::string const& token) {
    auto const t = unverified_token::parse(token);
    if (t)
        return "";
    CHECK(t.error().code == oci::errc::unauthorized);
    return t.error().message;
}

// Signed well, whatever it says.
std::string ours(std::string const& head, std::string const& claims) {
    static auto const key = tests::ed25519_key();
    return tests::signed_token(key, head, claims);
}

constexpr char const* not_signed = "the token is not signed by its issuer";
constexpr char const* other_way = "the token is not signed in the way that its key is for";
constexpr char const* no_json = "the token is none: its parts are not base64url of JSON";
constexpr char const* no_parts = "the token is none: it has not three parts";

} // namespace

TEST_CASE("what is signed with an Ed25519 key is read again with it") {
    auto const key = key_of(tests::ed25519_key());
    boost::json::object const claims{
        {"iss", "layerd"}, {"sub", "alice \"a\" \xc3\xa4"}, {"exp", 1764356400}, {"l", {1, 2}}};
    auto const token = sign_token(key, claims);
    REQUIRE(token);
    CHECK(looks_like_token(*token));
    auto parsed = unverified_token::parse(*token);
    REQUIRE(parsed);
    CHECK(parsed->issuer() == "layerd");
    CHECK(parsed->key_id().empty());
    auto const read = (*std::move(parsed)).verified_by(key);
    REQUIRE(read);
    CHECK(*read == claims);
}

TEST_CASE("a token of ours is read by whoever knows RFC 7515") {
    auto const made = tests::ed25519_key();
    boost::json::object const claims{{"a", 1}};
    CHECK(sign_token(key_of(made), claims).value() ==
          tests::signed_token(made, R"({"alg":"EdDSA","typ":"JWT"})", R"({"a":1})"));
}

TEST_CASE("RS256 and ES256 are read, but not signed with") {
    for (auto const& [made, name] : {std::pair(tests::the_rsa_key(), "RS256"), std::pair(tests::ec_key(), "ES256")}) {
        INFO(name);
        auto const key = key_of(made);
        auto const token = tests::signed_token(made, R"({"alg":")" + std::string(name) + R"(","kid":"k1"})",
                                               R"({"iss":"https://a","n":5})");
        auto parsed = unverified_token::parse(token);
        REQUIRE(parsed);
        CHECK(parsed->issuer() == "https://a");
        CHECK(parsed->key_id() == "k1");
        auto const claims = (*std::move(parsed)).verified_by(key);
        REQUIRE(claims);
        CHECK(boost::json::serialize(*claims) == R"({"iss":"https://a","n":5})");
        CHECK(sign_token(key, boost::json::object{{"a", 1}}).has_error());
    }
}

TEST_CASE("each key is for one algorithm, and there is none for weak ones") {
    CHECK(key_of(tests::ed25519_key()).algorithm() == jws_algorithm::ed25519);
    CHECK(key_of(tests::the_rsa_key()).algorithm() == jws_algorithm::rs256);
    CHECK(key_of(tests::ec_key()).algorithm() == jws_algorithm::es256);
    CHECK_FALSE(tests::as_jws_key(tests::rsa_key(1024)));
    CHECK_FALSE(tests::as_jws_key(tests::rsa_key(2047)));
    CHECK_FALSE(tests::as_jws_key(tests::ec_key("P-384")));
    CHECK_FALSE(tests::as_jws_key(tests::ec_key("secp256k1")));
    CHECK_FALSE(tests::as_jws_key(tests::owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"))));
    CHECK_FALSE(tests::as_jws_key(tests::owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448"))));
    CHECK_FALSE(jws_key::of(nullptr));
}

TEST_CASE("a token of another key of the same kind is not believed") {
    auto const mine = key_of(tests::ed25519_key());
    CHECK(refusal(tests::signed_token(tests::ed25519_key(), R"({"alg":"EdDSA"})", "{}"), mine) == not_signed);
    auto const p256 = key_of(tests::ec_key());
    CHECK(refusal(tests::signed_token(tests::ec_key(), R"({"alg":"ES256"})", "{}"), p256) == not_signed);
    auto const rsa = key_of(tests::the_rsa_key());
    CHECK(refusal(tests::signed_token(tests::rsa_key(), R"({"alg":"RS256"})", "{}"), rsa) == not_signed);
}

TEST_CASE("what a token says of its own algorithm is not believed") {
    auto const rsa = tests::the_rsa_key(), ec = tests::ec_key(), ed = tests::ed25519_key();
    for (auto const& made : {rsa, ec, ed}) {
        auto const key = key_of(made);
        for (auto const* head : {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":""})", "{}", R"({"alg":null})",
                                 R"({"alg":5})", R"({"alg":["EdDSA"]})", R"({"alg":"HS256"})", R"({"alg":"rs256"})",
                                 R"({"alg":"RS384"})", R"({"alg":"PS256"})", R"({"alg":"ES256K"})",
                                 R"({"alg":"eddsa"})", R"({"alg":"Ed25519"})", R"({"typ":"JWT"})"}) {
            INFO(head);
            CHECK(refusal(tests::signed_token(made, head, R"({"a":1})"), key) == other_way);
            CHECK(refusal(base64url_of(head) + "." + base64url_of("{}") + ".", key) == other_way);
        }
    }
    CHECK(refusal(tests::signed_token(rsa, R"({"alg":"RS256"})", "{}"), key_of(ed)) == other_way);
    CHECK(refusal(tests::signed_token(rsa, R"({"alg":"EdDSA"})", "{}"), key_of(ed)) == not_signed);
    CHECK(refusal(tests::signed_token(ed, R"({"alg":"ES256"})", "{}"), key_of(ec)) == not_signed);
    CHECK(refusal(tests::signed_token(ed, R"({"alg":"RS256"})", "{}"), key_of(rsa)) == not_signed);
    CHECK(refusal(tests::signed_token(ec, R"({"alg":"EdDSA"})", "{}"), key_of(ec)) == other_way);
}

TEST_CASE("a public key is no secret to sign with") {
    for (auto const& made : {tests::the_rsa_key(), tests::ec_key(), tests::ed25519_key()}) {
        auto const key = key_of(made);
        for (auto const& secret : {tests::pem_of(made, true), tests::jwk_of(made), std::string()})
            for (auto const* name : {"HS256", "RS256", "ES256", "EdDSA"}) {
                auto const text =
                    base64url_of(R"({"alg":")" + std::string(name) + R"("})") + "." + base64url_of(R"({"sub":"root"})");
                unsigned char mac[32];
                unsigned size = sizeof mac;
                REQUIRE(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                             reinterpret_cast<unsigned char const*>(text.data()), text.size(), mac, &size) != nullptr);
                INFO(name);
                CHECK_FALSE(
                    refusal(text + "." + base64url_of({reinterpret_cast<char const*>(mac), size}), key).empty());
            }
    }
}

TEST_CASE("a token with any bit changed is refused") {
    for (auto const& [made, name] : {std::pair(tests::ed25519_key(), "EdDSA"), std::pair(tests::ec_key(), "ES256"),
                                     std::pair(tests::the_rsa_key(), "RS256")}) {
        auto const key = key_of(made);
        auto const token = tests::signed_token(made, R"({"alg":")" + std::string(name) + "\"}", R"({"sub":"alice"})");
        REQUIRE(refusal(token, key).empty());
        std::size_t taken = 0;
        for (std::size_t i = 0; i < token.size(); ++i)
            for (unsigned bit = 0; bit < 8; ++bit) {
                auto changed = token;
                changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
                taken += refusal(changed, key).empty();
            }
        INFO(name);
        CHECK(taken == 0);
    }
}

TEST_CASE("parts of two tokens make no third") {
    auto const made = tests::ed25519_key();
    auto const key = key_of(made);
    auto const a = tests::signed_token(made, R"({"alg":"EdDSA"})", R"({"sub":"alice"})");
    auto const b = tests::signed_token(made, R"({"alg":"EdDSA"})", R"({"sub":"root"})");
    CHECK(refusal(b.substr(0, b.rfind('.')) + a.substr(a.rfind('.')), key) == not_signed);
    CHECK(refusal(a.substr(0, a.rfind('.')) + b.substr(b.rfind('.')), key) == not_signed);
}

TEST_CASE("a signature is of one size, and cut, empty or longer it is none") {
    for (auto const& [made, name] : {std::pair(tests::ed25519_key(), "EdDSA"), std::pair(tests::ec_key(), "ES256"),
                                     std::pair(tests::the_rsa_key(), "RS256")}) {
        auto const key = key_of(made);
        auto const text = base64url_of(R"({"alg":")" + std::string(name) + "\"}") + "." + base64url_of("{}");
        auto const good = tests::signature_of(made, text);
        REQUIRE(refusal(text + "." + base64url_of(good), key).empty());
        for (auto const& bad :
             {std::string(), good.substr(1), good.substr(0, good.size() - 1), good + '\0', std::string(1, '\0') + good,
              good + good, std::string(good.size(), '\0'), std::string(good.size(), '\xff')}) {
            INFO(name << " of " << bad.size());
            CHECK_FALSE(refusal(text + "." + base64url_of(bad), key).empty());
        }
    }
}

TEST_CASE("a signature in DER is none, for JWS has it in another form") {
    auto const made = tests::ec_key();
    auto const text = base64url_of(R"({"alg":"ES256"})") + "." + base64url_of("{}");
    auto const raw = tests::signature_of(made, text);
    std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> const sig(ECDSA_SIG_new(), ECDSA_SIG_free);
    auto const* bytes = reinterpret_cast<unsigned char const*>(raw.data());
    ECDSA_SIG_set0(sig.get(), BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
    std::string der(80, '\0');
    auto* to = reinterpret_cast<unsigned char*>(der.data());
    der.resize(static_cast<std::size_t>(i2d_ECDSA_SIG(sig.get(), &to)));
    CHECK(refusal(text + "." + base64url_of(der), key_of(made)) == "the token has a signature that is none");
}

TEST_CASE("each part has one spelling") {
    auto const made = tests::ed25519_key();
    auto const key = key_of(made);
    // 16 bytes of head, 64 of signature: four bits of the last character of either mean nothing.
    auto const token = tests::signed_token(made, R"({"alg":"EdDSA" })", R"({"sub":"?>?>?>"})");
    REQUIRE(refusal(token, key).empty());
    auto const first = token.find('.'), second = token.rfind('.');
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (auto const end : {first, token.size()})
        for (char const other : alphabet) {
            auto changed = token;
            changed[end - 1] = other;
            INFO(changed);
            CHECK(refusal(changed, key).empty() == (changed == token));
        }
    for (auto const at : {first, second, token.size()})
        for (auto const* more : {"=", "==", " ", "\n", "\r\n", "A", "+", "/", "%3D"}) {
            auto changed = token;
            changed.insert(at, more);
            INFO(changed);
            CHECK_FALSE(refusal(changed, key).empty());
        }
    for (auto const* before : {" ", "\n", "Bearer ", "="})
        CHECK_FALSE(refusal(before + token, key).empty());
}

TEST_CASE("the alphabet is that of URLs and no other") {
    auto const good = base64url_of("{\"alg\":\"EdDSA\",\"kid\":\"\xc3\xbf\xc3\xbf>>>???\"}");
    REQUIRE(good.find_first_of("-_") != good.npos);
    auto plain = good;
    for (char& c : plain)
        c = c == '-' ? '+' : c == '_' ? '/' : c;
    CHECK(parse_refusal(good + ".e30.").empty());
    CHECK(parse_refusal(plain + ".e30.") == no_json);
}

TEST_CASE("what has not three parts of JSON is no token") {
    for (auto const* text : {"", "e30", ".", "e30.e30", "e30.e30.e30.e30", "....", "e30.e30.AAAA."}) {
        INFO(text);
        CHECK(parse_refusal(text) == no_parts);
    }
    CHECK(parse_refusal("e30.e30.").empty()); // {} and {}, signed by nobody
    auto const part = [](char const* json) { return base64url_of(json); };
    for (auto const* json :
         {"", "[]", "1", "null", "\"a\"", "{", "{}}", "{} {}", "{\"a\":1,}", "{\"a\":\"\xff\"}", "{'a':1}"}) {
        INFO(json);
        CHECK(parse_refusal(part(json) + ".e30.AAAA") == no_json);
        CHECK(parse_refusal("e30." + part(json) + ".AAAA") == no_json);
    }
    for (auto const* text : {"..", "e30..", ".e30.", "e30.e30.!", "e30.e30.A", "e30.e3.AAAA", "e30.e 30.AAAA"}) {
        INFO(text);
        CHECK(parse_refusal(text) == no_json);
    }
    CHECK(parse_refusal(std::string("e30.e30.AA\0A", 12)) == no_json);
}

TEST_CASE("a token that demands an extension is refused, whatever it demands") {
    auto const made = tests::ed25519_key();
    for (auto const* crit : {R"(["exp"])", "[]", "null", R"(["b64"],"b64":false)", "5"}) {
        INFO(crit);
        auto const token = tests::signed_token(made, R"({"alg":"EdDSA","crit":)" + std::string(crit) + "}", "{}");
        CHECK(refusal(token, key_of(made)) == "the token demands an extension that is not known here");
    }
}

TEST_CASE("a token that is too long is refused, and one that just fits is not") {
    auto const of_size = [](std::size_t size) {
        auto token = ours(R"({"alg":"EdDSA"})", R"({"a":")" + std::string(size / 4 * 3 - 200, 'x') + "\"}");
        return token;
    };
    CHECK(parse_refusal(of_size(max_token_size)).empty());
    auto const text = ours(R"({"alg":"EdDSA"})", "{}");
    auto const body = [&](std::size_t total) { return text + std::string(total - text.size(), 'A'); };
    CHECK(parse_refusal(body(max_token_size + 1)) == "the token is too long");
    CHECK(parse_refusal(body(max_token_size)) != "the token is too long");
    CHECK(parse_refusal(std::string(10'000'000, '.')) == "the token is too long");
}

TEST_CASE("a token that is nested deeply is refused") {
    auto const nested = [](std::size_t depth) {
        return R"({"a":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    CHECK(parse_refusal(ours(R"({"alg":"EdDSA"})", nested(8))).empty());
    CHECK(parse_refusal(ours(R"({"alg":"EdDSA"})", nested(100))) == no_json);
    CHECK(parse_refusal(ours(R"({"alg":"EdDSA"})", nested(5000))) == no_json);
    CHECK(parse_refusal(ours(nested(5000), "{}")) == no_json);
}

TEST_CASE("a key's name and an issuer that are no text are none") {
    auto const t = unverified_token::parse(ours(R"({"alg":"EdDSA","kid":7})", R"({"iss":["a"]})"));
    REQUIRE(t);
    CHECK(t->key_id().empty());
    CHECK(t->issuer().empty());
}

TEST_CASE("a password is told from a token by its looks") {
    CHECK(looks_like_token(ours(R"({"alg":"EdDSA"})", "{}")));
    CHECK(looks_like_token("ey.."));
    for (auto const* text : {"", "ey", "ey.", "eyJ.a.b.c", "xy.a.b", " ey.a.b", "EY.a.b", "hunter2", "a.b.c"}) {
        INFO(text);
        CHECK_FALSE(looks_like_token(text));
    }
}
