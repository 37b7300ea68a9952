// What of a request's target may stand in the log. Some clients put passwords and tokens into a query, as OAuth 2
// forbids (RFC 6749 §2.3.1) and others allow: of a query only parameters of the distribution API are shown.
#pragma once

#include <string_view>

namespace proxy {

// A beginning of `target`: all of it, or what stands before the first parameter that is none of those.
std::string_view shown_target(std::string_view target) noexcept;

} // namespace proxy
