#include "oci/digest.h"
#include "tests/catch.h"

#include <thread>
#include <unordered_set>

using oci::algorithm;
using oci::digest;

namespace {

// FIPS 180-2, appendices B and C.
constexpr std::string_view abc_256 = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view abc_512 =
    "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d442364"
    "3ce80e2a9ac94fa54ca49f";
constexpr std::string_view empty_256 = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

bool refused(std::string_view text) {
    auto const d = digest::parse(text);
    return !d && d.error().code == oci::errc::digest_invalid;
}

} // namespace

TEST_CASE("a digest prints as it was read") {
    for (std::string_view text : {abc_256, abc_512, empty_256}) {
        auto const d = digest::parse(text);
        REQUIRE(d);
        CHECK(d->to_string() == text);
        CHECK(d->hex() == text.substr(7));
    }
    CHECK(digest::parse(abc_512)->algo() == algorithm::sha512);
    CHECK(digest::parse(abc_512)->hash().size() == 64);
}

TEST_CASE("a digest in any other spelling is refused") {
    std::string const text(abc_256);
    CHECK(refused(""));
    CHECK(refused("sha256:"));
    CHECK(refused("sha256"));
    CHECK(refused("sha256:baddigeststring"));
    CHECK(refused("sha256-" + text.substr(7)));
    CHECK(refused("SHA256:" + text.substr(7)));
    CHECK(refused("sha512:" + text.substr(7)));
    CHECK(refused("md5:900150983cd24fb0d6963f7d28e17f72"));
    CHECK(refused(text.substr(0, 70)));
    CHECK(refused(text + "0"));
    CHECK(refused(text + "\n"));
    CHECK(refused(" " + text));
}

TEST_CASE("a digest with one digit that is not lower-case hex is refused, wherever it stands") {
    for (char wrong : {'A', 'F', 'g', '/', ':', '`', ' ', '\0', '\xff'})
        for (std::size_t at = 7; at < abc_256.size(); ++at) {
            std::string text(abc_256);
            text[at] = wrong;
            CHECK(refused(text));
        }
}

TEST_CASE("a digest is made from a hash of exactly its length") {
    auto const d = digest::parse(abc_256);
    CHECK(digest::from_hash(algorithm::sha256, d->hash()) == *d);
    CHECK_FALSE(digest::from_hash(algorithm::sha512, d->hash()));
    CHECK_FALSE(digest::from_hash(algorithm::sha256, d->hash().first(31)));
    CHECK_FALSE(digest::from_hash(static_cast<algorithm>(0), {}));
}

TEST_CASE("the digest of data is that of the standard's examples") {
    CHECK(digest::of("abc").to_string() == abc_256);
    CHECK(digest::of("abc", algorithm::sha512).to_string() == abc_512);
    CHECK(digest::of("").to_string() == empty_256);
}

TEST_CASE("a hasher fed in pieces gives the digest of the whole") {
    std::string const data(100'000, 'x');
    for (std::size_t piece : {1u, 63u, 64u, 65u, 4096u}) {
        oci::hasher h(algorithm::sha256);
        for (std::size_t at = 0; at < data.size(); at += piece)
            h.update(std::as_bytes(std::span(data).subspan(at, std::min(piece, data.size() - at))));
        CHECK(h.finish() == digest::of(data));
    }
}

TEST_CASE("a hasher moves with what it has hashed so far") {
    oci::hasher h(algorithm::sha512);
    h.update(std::as_bytes(std::span("ab", 2)));
    oci::hasher moved = std::move(h);
    moved.update(std::as_bytes(std::span("c", 1)));
    CHECK(moved.finish().to_string() == abc_512);
}

TEST_CASE("hashers of many threads do not disturb each other") {
    std::array<std::string, 4> found;
    {
        std::vector<std::jthread> threads;
        for (auto& text : found)
            threads.emplace_back([&text] {
                for (int i = 0; i < 100; ++i)
                    text = digest::of("abc").to_string();
            });
    }
    for (auto const& text : found)
        CHECK(text == abc_256);
}

TEST_CASE("digests are ordered by algorithm, then by hash") {
    auto const ba = *digest::parse(abc_256);
    auto const e3 = *digest::parse(empty_256);
    CHECK(ba < e3);
    CHECK(e3 < *digest::parse(abc_512));
    CHECK(ba == *digest::parse(abc_256));
}

TEST_CASE("the hash of a digest spreads over a table") {
    std::unordered_set<std::size_t> hashes;
    for (int i = 0; i < 1000; ++i)
        hashes.insert(std::hash<digest>{}(digest::of(std::to_string(i))));
    CHECK(hashes.size() == 1000);
}
