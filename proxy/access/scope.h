// What a token is for: "repository:local/app:pull,push", as clients ask for it and as tokens carry it.
// Source: distribution, "Token Scope Documentation".
#pragma once

#include "proxy/config/access_config.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// Actions on the repositories of one name, or on those that a pattern of an issued token stands for.
struct scope {
    name_pattern repositories;
    std::uint8_t actions = 0; // bits: 1 << action

    bool has(action a) const noexcept { return (actions >> static_cast<unsigned>(a) & 1u) != 0; }
    void add(action a) noexcept { actions = static_cast<std::uint8_t>(actions | 1u << static_cast<unsigned>(a)); }
    friend bool operator==(scope const&, scope const&) = default;
};

inline constexpr std::size_t max_scopes = 32;

class scope_list {
public:
    std::vector<scope> items;

    bool cover(action a, std::string_view name) const noexcept;
    friend bool operator==(scope_list const&, scope_list const&) = default;
};

// "repository:NAME:ACTIONS" of a token request, the name may hold one ":" (of a port); nothing if it is none. Actions
// that are not known are left out, "*" is all of a repository. Of another type than repository (registry:catalog:*):
// nothing too, for no token is needed there.
std::optional<scope> parse_scope(std::string_view text);
// "NAME:pull,push" as an operator writes it, the name a pattern of store names, or "admin". What is wrong, in words
// that follow the text in a message, else.
boost::system::result<scope, std::string> parse_issued_scope(std::string_view text);
// "NAME:pull,push", as parse_issued_scope() takes it.
std::string to_string(scope const& s);

} // namespace proxy
