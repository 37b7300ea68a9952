// What every answer with a blob has in common, wherever its bytes come from.
#pragma once

#include "proxy/http/exchange.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace proxy {

// The part of the body that a request wants: all of it, one range, or several.
struct wanted_part {
    unsigned status = 200;
    oci::byte_range part;                 // of several: all of the body, for who cannot do better
    std::vector<oci::byte_range> several; // empty, or two and more; the status is 206 then
};

result<wanted_part> wanted(request const& r, std::string_view digest, std::uint64_t size);

inline constexpr std::string_view blob_type = "application/octet-stream";

response_head blob_head(exchange& x, unsigned status, std::string_view digest, std::string_view cache_status,
                        std::string_view type = blob_type);

} // namespace proxy
