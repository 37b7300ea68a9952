// A digest names bytes by their hash: "sha256:<64 lower-case hex digits>". It is the only name that the
// store knows for content, so a value of this type cannot be malformed.
// Source: OCI image-spec, descriptor.md, "Digests".
#pragma once

#include "oci/error.h"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace oci {

// The registered algorithms that we store by. The numbers are written to disk: never change them.
enum class algorithm : std::uint8_t { sha256 = 1, sha512 = 2 };

std::string_view to_string(algorithm a) noexcept; // "sha256"
std::size_t hash_size(algorithm a) noexcept;      // in bytes: 32, 64

class digest {
public:
    static constexpr std::size_t max_hash_size = 64;

    // Accepts exactly a registered algorithm and lower-case hex of its length; else DIGEST_INVALID.
    static result<digest> parse(std::string_view text);

    // `hash` must be hash_size(a) bytes long; anything else is DIGEST_INVALID.
    static result<digest> from_hash(algorithm a, std::span<std::byte const> hash);

    // The digest of `data`, computed at once; for small data.
    static digest of(std::string_view data, algorithm a = algorithm::sha256);

    algorithm algo() const noexcept { return algo_; }
    std::span<std::byte const> hash() const noexcept { return {hash_.data(), hash_size(algo_)}; }
    std::string hex() const;       // without the algorithm
    std::string to_string() const; // "sha256:…"

    // Ordered by algorithm, then by hash. Unused bytes of the array are zero.
    friend auto operator<=>(digest const&, digest const&) = default;

private:
    digest() = default;

    algorithm algo_ = algorithm::sha256;
    std::array<std::byte, max_hash_size> hash_{};
};

// Computes a digest of bytes that arrive in pieces. Movable, one use, no allocation per update.
// Not thread-safe; may move between threads between calls.
class hasher {
public:
    explicit hasher(algorithm a);
    hasher(hasher&&) noexcept;
    hasher& operator=(hasher&&) noexcept;
    ~hasher();

    void update(std::span<std::byte const> data);
    digest finish(); // call once; nothing may be called afterwards

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace oci

// The hash itself is uniform: its first eight bytes serve.
template <>
struct std::hash<oci::digest> {
    std::size_t operator()(oci::digest const& d) const noexcept;
};
