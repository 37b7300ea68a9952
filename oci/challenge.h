// WWW-Authenticate, as registries send it: Bearer realm="…",service="…",scope="…", or Basic realm="…".
// Source: RFC 9110 §11.6.1, distribution's token authentication.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace oci {

struct challenge {
    std::string scheme;                                     // lower case: "bearer", "basic"
    std::map<std::string, std::string, std::less<>> params; // keys in lower case, values unquoted

    // The value of `key`, or "".
    std::string_view param(std::string_view key) const noexcept;

    friend bool operator==(challenge const&, challenge const&) = default;
};

// All challenges of one field value, in order. Total: what cannot be understood is skipped, and values past
// 8 KiB of input or 16 challenges are not read.
std::vector<challenge> parse_challenges(std::string_view field);

} // namespace oci
