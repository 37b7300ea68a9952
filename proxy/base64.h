// Base64, as Basic logins have it (RFC 4648 §4), and its variant without "+", "/" and padding, as tokens have it (§5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace proxy {

std::string base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text); // padding may be absent; nothing: it is no Base64

std::string base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text); // without padding; no two texts mean the same bytes

} // namespace proxy
