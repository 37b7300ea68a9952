// Challenges: what was read prints in canonical form and reads back the same, and nothing read can split a
// header or a request line.
#pragma once

#include "oci/challenge.h"
#include "oci/charset.h"
#include "tests/fuzz/expect.h"

namespace fuzz {

inline std::string print(std::vector<oci::challenge> const& challenges) {
    std::string out;
    for (auto const& c : challenges) {
        out += out.empty() ? "" : ", ";
        out += c.scheme;
        char const* separator = " ";
        for (auto const& [key, value] : c.params) {
            out += separator + key + "=\"";
            for (char byte : value) {
                if (byte == '"' || byte == '\\')
                    out += '\\';
                out += byte;
            }
            out += '"';
            separator = ",";
        }
    }
    return out;
}

inline bool is_lower_token(std::string_view text) {
    return !text.empty() && oci::charset::all(text, oci::charset::token_char) &&
           text.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
}

inline void check_challenge(std::string_view input) {
    auto const challenges = oci::parse_challenges(input);
    expect(challenges.size() <= 16, "few challenges");
    for (auto const& c : challenges) {
        expect(is_lower_token(c.scheme), "a scheme is a token in lower case");
        for (auto const& [key, value] : c.params) {
            expect(is_lower_token(key), "a key is a token in lower case");
            expect(!oci::charset::has_any(value, oci::charset::control), "no control bytes in a value");
            expect(c.param(key) == value, "param finds it");
        }
    }
    std::string const printed = print(challenges);
    if (printed.size() <= 8 * 1024)
        expect(oci::parse_challenges(printed) == challenges, "printed challenges read back the same");
}

} // namespace fuzz
