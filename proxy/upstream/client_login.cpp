#include "proxy/upstream/client_login.h"

#include "proxy/upstream/wipe.h"

#include <boost/beast/core/detail/base64.hpp>
#include <boost/beast/core/string.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <span>
#include <stdexcept>

namespace proxy {

namespace {

using hash_key = std::array<unsigned char, 32>;

hash_key random_key() {
    hash_key key{};
    if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1)
        throw std::runtime_error("the system gives no random numbers");
    return key;
}

// HMAC-SHA256 (RFC 2104), the first half of it in hexadecimal.
std::string keyed_hash(std::string_view text) {
    static hash_key const key = random_key();
    std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
    unsigned size = 0;
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<unsigned char const*>(text.data()), text.size(), code.data(), &size))
        throw std::runtime_error("no HMAC-SHA256 in this OpenSSL");
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (auto const byte : std::span(code).first(16)) {
        hex.push_back(digits[byte >> 4]);
        hex.push_back(digits[byte & 15]);
    }
    return hex;
}

error unauthorized(std::string message) {
    return from_oci({oci::errc::unauthorized, std::move(message)});
}

// "user:password" of its base64, or nothing if it is none.
std::string decoded(std::string_view base64) {
    namespace codec = boost::beast::detail::base64;
    std::string out(codec::decoded_size(base64.size()), '\0');
    auto const [written, read] = codec::decode(out.data(), base64.data(), base64.size());
    while (base64.ends_with('='))
        base64.remove_suffix(1);
    out.resize(read >= base64.size() ? written : 0);
    return out;
}

} // namespace

client_login::client_login(std::string authorization, std::string user)
    : authorization_(std::move(authorization)), id_(is_anonymous() ? "anonymous" : keyed_hash(authorization_)),
      user_(std::move(user)) {}

client_login::~client_login() {
    wipe(authorization_);
}

result<client_login::ptr> client_login::parse(std::string_view authorization) {
    static ptr const anonymous(new client_login({}, {}));
    if (authorization.empty())
        return anonymous;
    constexpr std::string_view scheme = "Basic ";
    if (!boost::beast::iequals(authorization.substr(0, scheme.size()), scheme))
        return unauthorized("this registry takes a user name and a password (Basic), and nothing else");
    auto const base64 = authorization.substr(std::min(authorization.find_first_not_of(' ', scheme.size()), //
                                                      authorization.size()));
    auto plain = decoded(base64);
    bool const is_login = plain.find(':') != plain.npos;
    auto user = plain.substr(0, plain.find(':'));
    bool const is_empty = plain == ":";
    wipe(plain);
    if (is_empty)
        return anonymous;
    if (!is_login)
        return unauthorized("the Authorization field holds no user name and password");
    return ptr(new client_login(std::string(scheme).append(base64), std::move(user)));
}

} // namespace proxy
