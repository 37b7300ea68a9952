// Keys that stay the same, so that an input means the same in each run: one of each kind. The Ed25519 key can sign; of
// the others the public halves are here, and in the corpus tokens that were signed with them. And the time of all
// checks.
#pragma once

#include "proxy/access/access_token.h"
#include "proxy/access/jwk_set.h"
#include "tests/fuzz/expect.h"

#include <array>
#include <cstdint>
#include <string>

namespace fuzz {

inline constexpr std::int64_t fixed_now = 1'764'356'400;

// Of an issuer like GitHub, and of RFC 7515, appendix A.3.
inline constexpr std::string_view published_keys =
    R"({"keys":[{"kty":"RSA","kid":"38826b17-6a30-5f9b-b169-8beb8202f723","e":"AQAB","n":")"
    "tKhFyvFH-b9nFAw1ESXIHRzfP3RARaH07ttvVPBUnftVfHftTR4YkaiQI-A8o0mQNCpl-kxi_lfyhD6UpTJKRBYQbkRRd7Pg1czf"
    "1iDQRNA7sQUsunVDiAmMvExPfRPqbvEAW8sUgOkny3nMwFJQYPCnBxkZipxxYg8O0jle5PvG1QUQtPmgCsf6akIPd6eorbVDCFxR"
    "wkYsPr8oy1H3KwN4n5Hjynoh-bqn2ChaqFPBntRkMzDtVU39zZeuorJxpf6fqZ5ZU6aUA6UCxTC1wW1e2zF6P9BZ8oL1236-_8uF"
    "5LBMq5qPTpewuqqFWaCxEXjTz6amIR4T7l-nGLwSFQ"
    R"("},{"kty":"EC","kid":"A.3","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";

inline proxy::jws_key fixed_ed25519_key() {
    std::array<unsigned char, 32> seed{};
    for (std::size_t i = 0; i < seed.size(); ++i)
        seed[i] = static_cast<unsigned char>(i);
    auto key = proxy::jws_key::of(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
    expect(key.has_value(), "the fixed key is one");
    return *std::move(key);
}

inline proxy::jws_key const& fixed_signing_key() {
    static auto const key = fixed_ed25519_key();
    return key;
}

inline proxy::token_signer const& fixed_signer() {
    static proxy::token_signer const signer(fixed_signing_key());
    return signer;
}

// RSA, EC and Ed25519.
inline std::array<proxy::jws_key, 3> const& fixed_keys() {
    static auto const keys = [] {
        auto const set = proxy::jwk_set::parse(published_keys);
        expect(set && set->size() == 2, "the published keys are read");
        return std::array{*set->find("38826b17-6a30-5f9b-b169-8beb8202f723"), *set->find("A.3"), fixed_signing_key()};
    }();
    return keys;
}

} // namespace fuzz
