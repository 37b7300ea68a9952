// Published keys: which are read and believed, and which are passed over.
#include "proxy/access/jwk_set.h"

#include "tests/proxy/access/signed_tokens.h"

using namespace proxy;
using tests::jwk_of;
using tests::refusal;

namespace {

std::string document(std::string const& keys) {
    return "{\"keys\":[" + keys + "]}";
}

jwk_set set_of(std::string const& keys) {
    auto s = jwk_set::parse(document(keys));
    if (!s)
        FAIL(s.error().message);
    return *std::move(s);
}

std::string why_not(std::string const& text) {
    auto const s = jwk_set::parse(text);
    return s ? "" : s.error().message;
}

constexpr char const* no_set = "it is no JSON Web Key Set";
constexpr char const* no_key = "it holds no key that can be used: RSA of 2048 bits, EC P-256 or Ed25519";

} // namespace

TEST_CASE("keys of each kind are read and verify what was signed with them") {
    auto const rsa = tests::the_rsa_key(), ec = tests::ec_key(), ed = tests::ed25519_key();
    auto const keys = set_of(jwk_of(rsa, R"(,"kid":"r","use":"sig","alg":"RS256")") + "," +
                             jwk_of(ec, R"(,"kid":"e","use":"sig","key_ops":["verify"])") + "," +
                             jwk_of(ed, R"(,"kid":"o","x5c":["x"])"));
    CHECK(keys.size() == 3);
    for (auto const& [made, kid, name] :
         {std::tuple(rsa, "r", "RS256"), std::tuple(ec, "e", "ES256"), std::tuple(ed, "o", "EdDSA")}) {
        auto const* key = keys.find(kid);
        REQUIRE(key != nullptr);
        auto const head = R"({"alg":")" + std::string(name) + "\"}";
        INFO(name);
        CHECK(refusal(tests::signed_token(made, head, "{}"), *key).empty());
    }
    CHECK(keys.find("x") == nullptr);
    CHECK(keys.find("R") == nullptr);
}

TEST_CASE("a public key signs nothing") {
    auto const keys = set_of(jwk_of(tests::ed25519_key()));
    CHECK(sign_token(*keys.find(""), {}).has_error());
}

TEST_CASE("the example keys and tokens of RFC 7515 belong together") {
    std::string const rsa =
        R"({"kty":"RSA","kid":"A.2","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-V)"
        "aw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX"
        "ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmo"
        R"(udF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"})";
    std::string const ec = R"({"kty":"EC","kid":"A.3","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                           R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
    std::string const claims =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    auto const rs256 =
        "eyJhbGciOiJSUzI1NiJ9." + claims +
        ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujG"
        "bds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"
        "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6"
        "LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    auto const es256 = "eyJhbGciOiJFUzI1NiJ9." + claims +
                       ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    auto const keys = set_of(rsa + "," + ec);
    CHECK(refusal(rs256, *keys.find("A.2")) == "");
    CHECK(refusal(es256, *keys.find("A.3")) == "");
    CHECK(refusal(es256, *keys.find("A.2")) == "the token is not signed in the way that its key is for");
}

TEST_CASE("weak RSA keys are passed over") {
    CHECK(why_not(document(jwk_of(tests::rsa_key(1024)))) == no_key);
    auto const keys =
        set_of(jwk_of(tests::rsa_key(1024), R"(,"kid":"a")") + "," + jwk_of(tests::the_rsa_key(), R"(,"kid":"b")"));
    CHECK(keys.size() == 1);
    CHECK(keys.find("a") == nullptr);
    CHECK(keys.find("b") != nullptr);
}

TEST_CASE("RSA keys of more than 8192 bits are passed over, and their numbers must be numbers") {
    auto const key = [](std::string const& n, std::string const& e) {
        return document(R"({"kty":"RSA","n":")" + tests::base64url_of(n) + R"(","e":")" + tests::base64url_of(e) +
                        "\"}");
    };
    auto const e = std::string("\x01\x00\x01", 3);
    CHECK(why_not(key(std::string(1024, '\xff'), e)).empty());
    CHECK(why_not(key(std::string(1025, '\xff'), e)) == no_key);
    CHECK(why_not(key(std::string(256, '\xff'), std::string(9, '\x01'))) == no_key);
    CHECK(why_not(key("", e)) == no_key);
    CHECK(why_not(key(std::string(256, '\xff'), "")) == no_key);
    CHECK(why_not(key(std::string(256, '\xff'), "\x01")) == no_key); // anything would be signed by it
    CHECK(why_not(key(std::string(256, '\xff'), std::string("\x01\x00", 2))) == no_key);
    CHECK(why_not(key(std::string(256, '\0'), e)) == no_key);
    CHECK(why_not(document(R"({"kty":"RSA","n":"!!","e":"AQAB"})")) == no_key);
    CHECK(why_not(document(R"({"kty":"RSA","n":"AQAB=","e":"AQAB"})")) == no_key);
    CHECK(why_not(document(R"({"kty":"RSA","n":5,"e":"AQAB"})")) == no_key);
    CHECK(why_not(document(R"({"kty":"RSA"})")) == no_key);
}

TEST_CASE("a point that is not on the curve is passed over") {
    auto const made = tests::ec_key();
    auto x = tests::number_of(made, OSSL_PKEY_PARAM_EC_PUB_X, 32),
         y = tests::number_of(made, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    auto const key = [](std::string const& of_x, std::string const& of_y) {
        return document(R"({"kty":"EC","crv":"P-256","x":")" + tests::base64url_of(of_x) + R"(","y":")" +
                        tests::base64url_of(of_y) + "\"}");
    };
    REQUIRE(why_not(key(x, y)).empty());
    auto bent = y;
    bent[31] = static_cast<char>(bent[31] ^ 1);
    CHECK(why_not(key(x, bent)) == no_key);
    CHECK(why_not(key(y, x)) == no_key);
    CHECK(why_not(key(std::string(32, '\0'), std::string(32, '\0'))) == no_key);
    CHECK(why_not(key(std::string(32, '\xff'), y)) == no_key);
    CHECK(why_not(key(x, y.substr(1))) == no_key);
    CHECK(why_not(key(x + '\0', y)) == no_key);
    CHECK(why_not(key(x, "")) == no_key);
    CHECK(why_not(key("", y)) == no_key);
}

TEST_CASE("keys of other kinds and curves are passed over") {
    std::string const x32 = tests::base64url_of(std::string(32, 'x'));
    for (auto const& key : {
             std::string("{}"),
             std::string(R"({"kty":"oct","k":"c2VjcmV0"})"),
             std::string(R"({"kty":"rsa","n":"AQAB","e":"AQAB"})"),
             std::string(R"({"kty":5})"),
             std::string(R"({"kty":"NEW","crv":"P-256"})"),
             jwk_of(tests::ec_key("P-384")),
             R"({"kty":"EC","crv":"secp256k1","x":")" + x32 + R"(","y":")" + x32 + "\"}",
             R"({"kty":"OKP","crv":"X25519","x":")" + x32 + "\"}",
             R"({"kty":"OKP","crv":"Ed448","x":")" + x32 + "\"}",
             R"({"kty":"OKP","x":")" + x32 + "\"}",
             R"({"kty":"OKP","crv":"Ed25519","x":")" + x32 + "AA\"}",
             std::string(R"({"kty":"OKP","crv":"Ed25519","x":"AA"})"),
             std::string(R"({"kty":"OKP","crv":"Ed25519"})"),
             std::string("5"),
             std::string("null"),
             std::string("[]"),
         }) {
        INFO(key);
        CHECK(why_not(document(key)) == no_key);
        CHECK(set_of(key + "," + jwk_of(tests::ed25519_key())).size() == 1);
    }
}

TEST_CASE("a P-384 point that calls itself P-256 is passed over") {
    auto key = jwk_of(tests::ec_key("P-384"));
    key.replace(key.find("P-384"), 5, "P-256");
    CHECK(why_not(document(key)) == no_key);
}

TEST_CASE("keys that are used for something else than signatures are passed over") {
    for (auto const& made : {tests::the_rsa_key(), tests::ec_key(), tests::ed25519_key()}) {
        CHECK(why_not(document(jwk_of(made, R"(,"use":"enc")"))) == no_key);
        CHECK(why_not(document(jwk_of(made, R"(,"use":"other")"))) == no_key);
        CHECK(set_of(jwk_of(made, R"(,"use":"sig")")).size() == 1);
    }
}

TEST_CASE("keys that say by their algorithm or operations that they are for encryption are passed over") {
    CHECK(why_not(document(jwk_of(tests::the_rsa_key(), R"(,"alg":"RSA-OAEP")"))) == no_key);
    CHECK(why_not(document(jwk_of(tests::the_rsa_key(), R"(,"key_ops":["encrypt","wrapKey"])"))) == no_key);
    CHECK(why_not(document(jwk_of(tests::ec_key(), R"(,"alg":"ECDH-ES")"))) == no_key);
}

TEST_CASE("a key that is for another algorithm than ours is passed over") {
    for (auto const* name : {"RS384", "RS512", "PS256"}) {
        INFO(name);
        CHECK(why_not(document(jwk_of(tests::the_rsa_key(), R"(,"alg":")" + std::string(name) + "\""))) == no_key);
    }
}

TEST_CASE("without a name the only key is meant, and of several none") {
    auto const a = jwk_of(tests::ed25519_key(), R"(,"kid":"a")"), b = jwk_of(tests::ed25519_key());
    auto const one = set_of(a);
    CHECK(one.find("") == one.find("a"));
    CHECK(one.find("") != nullptr);
    CHECK(one.find("b") == nullptr);
    auto const nameless = set_of(b);
    CHECK(nameless.find("") != nullptr);
    CHECK(nameless.find("a") == nullptr);
    auto const two = set_of(a + "," + b);
    CHECK(two.find("") == nullptr);
    CHECK(two.find("a") != nullptr);
}

TEST_CASE("of two keys of one name the first is meant") {
    auto const first = tests::ed25519_key(), second = tests::ed25519_key();
    auto const keys = set_of(jwk_of(first, R"(,"kid":"a")") + "," + jwk_of(second, R"(,"kid":"a")"));
    CHECK(keys.size() == 2);
    REQUIRE(keys.find("a") != nullptr);
    CHECK(refusal(tests::signed_token(first, R"({"alg":"EdDSA"})", "{}"), *keys.find("a")).empty());
}

TEST_CASE("a document that is no set of keys is refused") {
    for (auto const* text : {"", "[]", "null", "5", "{", "<html>", "{\"keys\":[]", "{\"keys\":[]} x"}) {
        INFO(text);
        CHECK(why_not(text) == no_set);
    }
    for (auto const* text :
         {"{}", "{\"keys\":[]}", "{\"keys\":{}}", "{\"keys\":\"a\"}", "{\"keys\":null}", "{\"key\":[]}"}) {
        INFO(text);
        CHECK(why_not(text) == no_key);
    }
    CHECK(why_not("{\"keys\":" + std::string(5000, '[') + std::string(5000, ']') + "}") == no_set);
}

TEST_CASE("a document that is too large is refused, and keys beyond the most are passed over") {
    auto const key = jwk_of(tests::ed25519_key());
    auto const padded = [&](std::size_t size) {
        auto text = document(key);
        return text + std::string(size - text.size(), ' ');
    };
    CHECK(why_not(padded(jwk_set::max_size)).empty());
    CHECK(why_not(padded(jwk_set::max_size + 1)) == no_set);
    std::string many = key;
    for (std::size_t i = 0; i < jwk_set::max_keys + 10; ++i)
        many += "," + key;
    CHECK(set_of(many).size() == jwk_set::max_keys);
}
