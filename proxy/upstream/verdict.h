// What an upstream's status means for us. Clients never see upstream's 401, 407, 429 or redirects.
#pragma once

#include "proxy/error.h"

#include <cstdint>
#include <string_view>

namespace proxy {

enum class verdict : std::uint8_t {
    answer,    // the caller's: 200, 206, 304, and definite refusals such as 404 and 416
    challenge, // 401: who are you?
    denied,    // 403, 407
    failed     // an answer that is none: 408, 425, 429, 5xx, and what makes no sense here
};

verdict judge(unsigned status) noexcept;
std::string_view to_string(verdict v) noexcept;

// The error for verdict::failed: 503 if upstream asks for patience, else 502.
error failed_answer(unsigned status, std::string_view endpoint);

} // namespace proxy
