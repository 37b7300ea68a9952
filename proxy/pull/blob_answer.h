// What every answer with a blob has in common, wherever its bytes come from.
#pragma once

#include "proxy/http/exchange.h"

#include <cstdint>
#include <string_view>

namespace proxy {

// The part of the body that a request wants: all of it, or one range. Several ranges are answered with the whole body
// (RFC 9110 §15.3.7 leaves that to the server, and every client that asks for several takes it).
struct wanted_part {
    unsigned status = 200;
    oci::byte_range part;
};

result<wanted_part> wanted(request const& r, std::string_view digest, std::uint64_t size);

response_head blob_head(exchange& x, unsigned status, std::string_view digest, std::string_view cache_status);

} // namespace proxy
