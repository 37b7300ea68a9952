// Digests as text and bytes, and the hasher on OpenSSL's EVP.
//
// Parsing and printing run for every request, so both go through tables and touch memory once. The EVP_MD is
// fetched once per process: a fetch searches the providers under a lock, and EVP_sha256() hides one in every
// init.
#include "oci/digest.h"

#include "oci/charset.h"

#include <openssl/evp.h>

#include <cassert>
#include <cstring>
#include <stdexcept>

namespace oci {

namespace {

constexpr std::array<std::array<char, 2>, 256> make_hex_pairs() {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t i = 0; i < pairs.size(); ++i)
        pairs[i] = {digits[i >> 4], digits[i & 15]};
    return pairs;
}
constexpr auto hex_pairs = make_hex_pairs();

char* write_hex(std::span<std::byte const> bytes, char* out) noexcept {
    for (std::byte b : bytes) {
        std::memcpy(out, hex_pairs[std::to_integer<std::size_t>(b)].data(), 2);
        out += 2;
    }
    return out;
}

// `text` holds exactly two digits for each byte of `out`. No branch inside: what is no digit shows in `seen`.
bool read_hex(std::string_view text, std::byte* out) noexcept {
    unsigned seen = 0;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        unsigned const high = charset::lower_hex_value[static_cast<unsigned char>(text[i])];
        unsigned const low = charset::lower_hex_value[static_cast<unsigned char>(text[i + 1])];
        seen |= high | low;
        *out++ = static_cast<std::byte>(high << 4 | low);
    }
    return seen <= 15;
}

// Only memory or a provider that lacks SHA-2 can make EVP fail; neither is an answer to a request.
void check(int ok) {
    if (ok != 1)
        throw std::runtime_error("OpenSSL: message digest failed");
}

// Never freed: other threads may still hash while the process exits.
EVP_MD const* message_digest(algorithm a) {
    auto fetch = [](char const* name) {
        EVP_MD* md = EVP_MD_fetch(nullptr, name, nullptr);
        check(md != nullptr);
        return md;
    };
    switch (a) {
    case algorithm::sha256: {
        static EVP_MD const* const md = fetch("SHA256");
        return md;
    }
    case algorithm::sha512: {
        static EVP_MD const* const md = fetch("SHA512");
        return md;
    }
    }
    throw std::logic_error("no such digest algorithm");
}

error malformed(std::string_view text) {
    return {errc::digest_invalid, "not a digest: " + charset::quoted(text)};
}

} // namespace

std::string_view to_string(algorithm a) noexcept {
    switch (a) {
    case algorithm::sha256:
        return "sha256";
    case algorithm::sha512:
        return "sha512";
    }
    return "";
}

std::size_t hash_size(algorithm a) noexcept {
    switch (a) {
    case algorithm::sha256:
        return 32;
    case algorithm::sha512:
        return 64;
    }
    return 0;
}

result<digest> digest::parse(std::string_view text) {
    digest d;
    if (text.starts_with("sha256:"))
        d.algo_ = algorithm::sha256;
    else if (text.starts_with("sha512:"))
        d.algo_ = algorithm::sha512;
    else
        return malformed(text);
    std::string_view const encoded = text.substr(7);
    if (encoded.size() != 2 * hash_size(d.algo_) || !read_hex(encoded, d.hash_.data()))
        return malformed(text);
    return d;
}

result<digest> digest::from_hash(algorithm a, std::span<std::byte const> hash) {
    std::size_t const size = hash_size(a);
    if (size == 0 || hash.size() != size)
        return error{errc::digest_invalid, "hash of " + std::to_string(hash.size()) + " bytes"};
    digest d;
    d.algo_ = a;
    std::memcpy(d.hash_.data(), hash.data(), size);
    return d;
}

digest digest::of(std::string_view data, algorithm a) {
    hasher h(a);
    h.update(std::as_bytes(std::span(data)));
    return h.finish();
}

std::string digest::hex() const {
    std::string out(2 * hash_size(algo_), '\0');
    write_hex(hash(), out.data());
    return out;
}

std::string digest::to_string() const {
    std::string_view const name = oci::to_string(algo_);
    std::string out(name.size() + 1 + 2 * hash_size(algo_), ':');
    name.copy(out.data(), name.size());
    write_hex(hash(), out.data() + name.size() + 1);
    return out;
}

struct hasher::state {
    explicit state(algorithm a) : algo(a), context(EVP_MD_CTX_new()) {
        check(context != nullptr && EVP_DigestInit_ex2(context, message_digest(a), nullptr) == 1);
    }
    state(state const&) = delete;
    state& operator=(state const&) = delete;
    ~state() { EVP_MD_CTX_free(context); }

    algorithm algo;
    EVP_MD_CTX* context;
};

hasher::hasher(algorithm a) : state_(std::make_unique<state>(a)) {}
hasher::hasher(hasher&&) noexcept = default;
hasher& hasher::operator=(hasher&&) noexcept = default;
hasher::~hasher() = default;

void hasher::update(std::span<std::byte const> data) {
    assert(state_ && "update after finish");
    check(EVP_DigestUpdate(state_->context, data.data(), data.size()));
}

digest hasher::finish() {
    assert(state_ && "finish twice");
    std::array<std::byte, digest::max_hash_size> hash;
    unsigned size = 0;
    check(EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(hash.data()), &size));
    auto d = digest::from_hash(state_->algo, std::span(hash).first(size));
    state_.reset();
    return d.value();
}

} // namespace oci

std::size_t std::hash<oci::digest>::operator()(oci::digest const& d) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, d.hash().data(), sizeof value);
    return value;
}
