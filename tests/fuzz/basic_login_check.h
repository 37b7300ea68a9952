// Authorization fields with a login: exactly what RFC 7617 takes for one is one, its name ends before the first colon,
// and printed again it is the same.
#pragma once

#include "oci/charset.h"
#include "proxy/base64.h"
#include "proxy/basic_login.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/plain_base64.h"

namespace fuzz {

// "user:password" of the field, bit by bit.
inline std::optional<std::string> plain_pair(std::string_view field) {
    constexpr std::string_view scheme = "basic ";
    if (field.size() < scheme.size())
        return std::nullopt;
    for (std::size_t i = 0; i < scheme.size(); ++i)
        if (oci::charset::to_lower(field[i]) != scheme[i])
            return std::nullopt;
    field.remove_prefix(scheme.size());
    while (field.starts_with(' '))
        field.remove_prefix(1);
    while (field.ends_with('='))
        field.remove_suffix(1);
    auto pair = plain_decode(field, base64_digits, true);
    if (pair && pair->find(':') == std::string::npos)
        pair.reset();
    return pair;
}

inline void check_basic_login(std::string_view field) {
    auto const login = proxy::parse_basic(field);
    auto const pair = plain_pair(field);
    expect(login.has_value() == pair.has_value(), "what is a login");
    if (!login)
        return;
    expect(login->user + ":" + login->password.text() == *pair, "name and password");
    expect(login->user.find(':') == std::string::npos, "a name ends before the first colon");
    expect(login->is_empty() == (pair->size() == 1), "an empty login");
    expect(field.ends_with(login->encoded) && !login->encoded.starts_with(' '), "what was encoded is of the field");
    auto const printed = "Basic " + proxy::base64(*pair);
    auto const again = proxy::parse_basic(printed);
    expect(again && again->user == login->user && again->password == login->password.text(), "a login prints");
}

} // namespace fuzz
