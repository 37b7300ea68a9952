#include "proxy/access/scope.h"

#include <algorithm>

namespace proxy {
namespace {

// Calls f(text) for each part between commas.
template <class F>
void each_part(std::string_view list, F f) {
    while (true) {
        auto const comma = list.find(',');
        f(list.substr(0, comma));
        if (comma == list.npos)
            return;
        list.remove_prefix(comma + 1);
    }
}

} // namespace

bool scope_list::cover(action a, std::string_view name) const noexcept {
    for (auto const& s : items)
        if (s.has(a) && s.repositories.matches(name))
            return true;
    return false;
}

std::optional<scope> parse_scope(std::string_view text) {
    constexpr std::string_view type = "repository:";
    auto const last = text.rfind(':');
    if (!text.starts_with(type) || last < type.size())
        return std::nullopt;
    auto const name = text.substr(type.size(), last - type.size());
    // Of clients' names none is a pattern, and tokens are JSON, which is of characters.
    auto const fits = [](char c) { return c > 0x20 && c < 0x7f && c != '*'; };
    if (!std::ranges::all_of(name, fits))
        return std::nullopt;
    auto pattern = name_pattern::parse(name);
    if (!pattern)
        return std::nullopt;
    scope s{*std::move(pattern)};
    each_part(text.substr(last + 1), [&](std::string_view part) {
        if (part == "*") {
            for (auto const a : {action::pull, action::push, action::remove})
                s.add(a);
        } else if (auto const a = parse_action(part); a && *a != action::admin) {
            s.add(*a);
        }
    });
    return s;
}

boost::system::result<scope, std::string> parse_issued_scope(std::string_view text) {
    if (text == "admin") {
        scope s{*name_pattern::parse("**")};
        s.add(action::admin);
        return s;
    }
    // Tokens are JSON, which is of characters: one with other bytes could be signed, but not read.
    if (std::ranges::any_of(text, [](unsigned char c) { return c >= 0x80; }))
        return std::string("holds what no repository has in its name");
    auto const last = text.rfind(':');
    if (last == text.npos)
        return std::string("must be a repository and what may be done there, such as \"local/app:pull,push\"");
    auto pattern = name_pattern::parse(text.substr(0, last));
    if (!pattern)
        return pattern.error();
    scope s{*std::move(pattern)};
    std::optional<std::string> unknown; // the first
    each_part(text.substr(last + 1), [&](std::string_view part) {
        auto const a = parse_action(part);
        if (a && *a != action::admin)
            s.add(*a);
        else if (!unknown)
            unknown = part;
    });
    if (unknown)
        return "must end with pull, push or delete, or several of them with commas between, not with \"" + *unknown +
               "\"";
    return s;
}

std::string to_string(scope const& s) {
    if (s.has(action::admin))
        return "admin";
    std::string text = s.repositories.text();
    char before = ':';
    for (auto const a : {action::pull, action::push, action::remove})
        if (s.has(a)) {
            text += before;
            text += to_string(a);
            before = ',';
        }
    return text;
}

} // namespace proxy
