// Patterns of names: the input is a pattern on the first line and a name on the rest, which comes from clients. Where
// both are short, what matches is what matches if everything is tried.
#pragma once

#include "proxy/config/name_pattern.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"

#include <string>

namespace fuzz {

inline bool fits_by_trying(std::string_view pattern, std::string_view name) {
    if (pattern.empty())
        return name.empty();
    if (pattern.front() != '*')
        return name.starts_with(pattern.front()) && fits_by_trying(pattern.substr(1), name.substr(1));
    bool const deep = pattern.starts_with("**");
    auto const rest = pattern.substr(deep ? 2 : 1);
    for (std::size_t taken = 0;; ++taken) {
        if (fits_by_trying(rest, name.substr(taken)))
            return true;
        if (taken == name.size() || (name[taken] == '/' && !deep))
            return false;
    }
}

inline bool is_pattern(std::string_view text) {
    for (unsigned char const c : text)
        if (c <= 0x20 || c == 0x7f)
            return false;
    return !text.empty() && text.size() <= 256 && text.find("***") == text.npos;
}

inline void check_name_pattern(std::string_view input) {
    auto const [text, name] = split_line(input);
    auto const p = proxy::name_pattern::parse(text);
    expect(p.has_value() == is_pattern(text), "what is a pattern");
    if (!p)
        return;
    expect(p->text() == text, "a pattern prints as it was read");
    std::string literal(text);
    std::erase(literal, '*');
    expect(p->matches(literal), "a star may stand for nothing");
    bool const matches = p->matches(name);
    if (literal == text)
        expect(matches == (name == text), "without a star it is one name's");
    constexpr std::size_t shortness = 16; // more would be tried for long
    if (text.size() <= shortness && name.size() <= shortness)
        expect(matches == (text == "*" || fits_by_trying(text, name)), "as if everything were tried");
}

} // namespace fuzz
