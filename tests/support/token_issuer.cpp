#include "tests/support/token_issuer.h"

#include "proxy/base64.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <stdexcept>

namespace tests {

namespace json = boost::json;

struct token_issuer::key {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t(2048)),
                                                             EVP_PKEY_free};

    std::string number(char const* name) const {
        BIGNUM* n = nullptr;
        if (EVP_PKEY_get_bn_param(pair.get(), name, &n) != 1)
            throw std::runtime_error("no RSA key");
        std::string bytes(static_cast<std::size_t>(BN_num_bytes(n)), '\0');
        BN_bn2bin(n, reinterpret_cast<unsigned char*>(bytes.data()));
        BN_free(n);
        return proxy::base64url(bytes);
    }

    std::string sign(std::string const& text) const {
        std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> c(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        std::string out(512, '\0');
        auto size = out.size();
        if (EVP_DigestSignInit(c.get(), nullptr, EVP_sha256(), nullptr, pair.get()) != 1 ||
            EVP_DigestSign(c.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                           reinterpret_cast<unsigned char const*>(text.data()), text.size()) != 1)
            throw std::runtime_error("cannot sign");
        out.resize(size);
        return out;
    }
};

token_issuer::token_issuer() {
    origin_.on("GET", "/.well-known/openid-configuration").call([this](recorded_request const&) {
        std::lock_guard const lock(mutex_);
        auto const keys = keys_at_.empty() ? url() + "/keys" : keys_at_;
        return reply(200).body(json::serialize(json::object{{"issuer", url()}, {"jwks_uri", keys}}));
    });
    origin_.on("GET", "/keys").call([this](recorded_request const&) {
        std::lock_guard const lock(mutex_);
        return silent_ ? reply(500) : reply(200).header("Content-Type", "application/json").body(published_);
    });
    change_key();
}

void token_issuer::set_silent(bool is) {
    std::lock_guard const lock(mutex_);
    silent_ = is;
}

void token_issuer::say_keys_are_at(std::string url) {
    std::lock_guard const lock(mutex_);
    keys_at_ = std::move(url);
}

token_issuer::~token_issuer() = default;

std::string token_issuer::url() const {
    return "http://127.0.0.1:" + std::to_string(origin_.port());
}

void token_issuer::change_key() {
    key_ = std::make_unique<key>();
    ++keys_made_;
    json::object const k{{"kty", "RSA"},
                         {"use", "sig"},
                         {"alg", "RS256"},
                         {"kid", std::to_string(keys_made_)},
                         {"n", key_->number(OSSL_PKEY_PARAM_RSA_N)},
                         {"e", key_->number(OSSL_PKEY_PARAM_RSA_E)}};
    std::lock_guard const lock(mutex_);
    published_ = json::serialize(json::object{{"keys", json::array{k}}});
}

std::string token_issuer::token(json::object const& changed, json::object const& head) const {
    json::object h{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", std::to_string(keys_made_)}};
    json::object claims{{"iss", url()},
                        {"aud", "layerd"},
                        {"sub", "repo:acme/app:ref:refs/heads/main"},
                        {"repository", "acme/app"},
                        {"ref", "refs/heads/main"},
                        {"iat", now},
                        {"exp", now + 300}};
    for (auto const& [name, value] : changed)
        claims[name] = value;
    for (auto const& [name, value] : head)
        h[name] = value;
    auto const text = proxy::base64url(json::serialize(h)) + "." + proxy::base64url(json::serialize(claims));
    return text + "." + proxy::base64url(key_->sign(text));
}

std::size_t token_issuer::times_asked() const {
    return origin_.count("GET", "/keys");
}

} // namespace tests
