// The character classes of the grammars in this layer, as one table: a class test is one load and one AND,
// knows no locale, and takes any byte.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace oci::charset {

enum char_class : std::uint8_t {
    lower_alnum = 1 << 0, // what a repository component is made of, its separators aside
    tag_char = 1 << 1,    // a tag after its first character
    token_char = 1 << 2,  // RFC 9110 §5.6.2
    host_char = 1 << 3,   // a registry's host and port, IPv6 in brackets included
    unreserved = 1 << 4,  // RFC 3986 §2.3
    digit = 1 << 5,
    control = 1 << 6, // C0 and DEL; a tab is one
};

namespace detail {
constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> table{};
    auto add = [&table](std::string_view chars, unsigned classes) {
        for (char c : chars)
            table[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(classes);
    };
    constexpr std::string_view lower = "abcdefghijklmnopqrstuvwxyz";
    constexpr std::string_view upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    constexpr std::string_view digits = "0123456789";
    add(lower, lower_alnum | tag_char | token_char | host_char | unreserved);
    add(upper, tag_char | token_char | host_char | unreserved);
    add(digits, lower_alnum | tag_char | token_char | host_char | unreserved | digit);
    add("._-", tag_char);
    add("!#$%&'*+-.^_`|~", token_char);
    add("._-:[]", host_char);
    add("-._~", unreserved);
    for (std::size_t c = 0; c < 0x20; ++c)
        table[c] |= control;
    table[0x7f] |= control;
    return table;
}

inline constexpr std::array<std::uint8_t, 256> classes = make_classes();

constexpr std::array<std::uint8_t, 256> make_hex_values(bool upper) {
    std::array<std::uint8_t, 256> table{};
    for (auto& value : table)
        value = 0xff;
    for (std::uint8_t i = 0; i < 10; ++i)
        table['0' + i] = i;
    for (std::uint8_t i = 10; i < 16; ++i) {
        table['a' + i - 10] = i;
        if (upper)
            table['A' + i - 10] = i;
    }
    return table;
}
} // namespace detail

// Value of a hex digit, or 0xff: of several values ORed together, one above 15 tells that not all were digits.
inline constexpr std::array<std::uint8_t, 256> hex_value = detail::make_hex_values(true);
inline constexpr std::array<std::uint8_t, 256> lower_hex_value = detail::make_hex_values(false);

constexpr bool is(char c, unsigned wanted) noexcept {
    return (detail::classes[static_cast<unsigned char>(c)] & wanted) != 0;
}

constexpr bool all(std::string_view text, unsigned wanted) noexcept {
    for (char c : text)
        if (!is(c, wanted))
            return false;
    return true;
}

constexpr bool has_any(std::string_view text, unsigned unwanted) noexcept {
    for (char c : text)
        if (is(c, unwanted))
            return true;
    return false;
}

constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// In ASCII. Beast's iequals reads one byte behind the end of texts that differ in case.
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

// Without blanks and tabs (RFC 9110's OWS) at both ends.
constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

// `text` as a message or a log line may show it: in double quotes, cut at 100 bytes, everything that is not
// printable ASCII as \xNN.
std::string quoted(std::string_view text);

} // namespace oci::charset
