// How layerd asks for a login: with a challenge of its own, never upstream's, whose password would be sent to us.
#pragma once

#include <string_view>

namespace proxy {

inline constexpr std::string_view login_challenge = "Basic realm=\"layerd\""; // WWW-Authenticate, RFC 7617

} // namespace proxy
