#include "proxy/basic_login.h"

#include "oci/charset.h"
#include "proxy/base64.h"
#include "proxy/wipe.h"

#include <algorithm>

namespace proxy {

std::optional<std::string_view> credentials_of(std::string_view scheme, std::string_view authorization) {
    bool const same = authorization.size() > scheme.size() && authorization[scheme.size()] == ' ' &&
                      oci::charset::equal_ignoring_case(authorization.substr(0, scheme.size()), scheme);
    if (!same)
        return std::nullopt;
    return authorization.substr(std::min(authorization.find_first_not_of(' ', scheme.size()), authorization.size()));
}

std::optional<basic_login> parse_basic(std::string_view authorization) {
    auto const encoded = credentials_of("Basic", authorization);
    if (!encoded)
        return std::nullopt;
    auto plain = from_base64(*encoded).value_or(std::string());
    wiped_at_end const wiped(plain);
    auto const colon = plain.find(':');
    if (colon == plain.npos)
        return std::nullopt;
    return basic_login{plain.substr(0, colon), secret(plain.substr(colon + 1)), *encoded};
}

} // namespace proxy
