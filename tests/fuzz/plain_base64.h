// Base64 bit by bit, as RFC 4648 describes it: slow, and not our code. What the proxy's decoder is held against.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fuzz {

inline constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr std::string_view base64url_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Without padding. `loose`: also where the last digit has bits that mean nothing.
inline std::optional<std::string> plain_decode(std::string_view text, std::string_view digits, bool loose) {
    std::string out;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (char const c : text) {
        auto const value = digits.find(c);
        if (value == digits.npos)
            return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(bits >> count & 0xff);
        }
    }
    bool const whole = count < 6 && (loose || (bits & ((1u << count) - 1)) == 0);
    return whole ? std::optional(out) : std::nullopt;
}

inline std::string plain_encode(std::string_view bytes, std::string_view digits) {
    std::string out;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (char const c : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6)
            out += digits[bits >> (count - 6) & 63];
    }
    if (count > 0)
        out += digits[bits << (6 - count) & 63];
    return out;
}

} // namespace fuzz
