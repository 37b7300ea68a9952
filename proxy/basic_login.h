// A user name and a password in an Authorization field: "Basic …" (RFC 7617).
#pragma once

#include "proxy/secret.h"

#include <optional>
#include <string>
#include <string_view>

namespace proxy {

struct basic_login {
    std::string user;
    secret password;
    std::string_view encoded; // of the field that was parsed

    // Some clients send both empty for want of any.
    bool is_empty() const noexcept { return user.empty() && password.empty(); }
};

// Nothing if the field is of another scheme, or holds no such pair.
std::optional<basic_login> parse_basic(std::string_view authorization);

// What follows the scheme's name in the field, if it is that scheme.
std::optional<std::string_view> credentials_of(std::string_view scheme, std::string_view authorization);

} // namespace proxy
