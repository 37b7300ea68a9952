#include "proxy/keyed_hash.h"

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

} // namespace

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

} // namespace proxy
