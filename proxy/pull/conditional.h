// If-None-Match and If-Range against content whose entity tag is its digest. Source: RFC 9110 §13.
#pragma once

#include <string_view>

namespace proxy {

// Whether an If-None-Match field names `digest` (quoted, weak or strong) or is "*". An empty field matches nothing.
bool matches_etag(std::string_view field, std::string_view digest) noexcept;

// Whether an If-Range field lets a range through: absent, or the strong entity tag of `digest`. A date never does,
// for we send no Last-Modified.
bool range_allowed(std::string_view if_range, std::string_view digest) noexcept;

} // namespace proxy
