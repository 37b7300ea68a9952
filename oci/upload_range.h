// The ranges of chunked blob uploads, which are not those of RFC 9110: "0-1023", without a unit or a total.
// Source: distribution-spec, "Pushing a blob in chunks".
#pragma once

#include "oci/byte_range.h"
#include "oci/error.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace oci {

// The Content-Range of a PATCH or PUT, both ends included; also as RFC 9110 would have it ("bytes 0-1023/*").
// RANGE_INVALID.
result<byte_range> parse_upload_range(std::string_view field);

// The Range of an answer about an upload of so many bytes. "0-0" says both one byte and none: there is no other way to
// say none that clients can read.
std::string upload_range(std::uint64_t received);

} // namespace oci
