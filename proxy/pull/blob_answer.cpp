#include "proxy/pull/blob_answer.h"

#include "proxy/pull/conditional.h"

namespace proxy {

result<wanted_part> wanted(request const& r, std::string_view digest, std::uint64_t size) {
    wanted_part whole{200, {0, size == 0 ? 0 : size - 1}, {}};
    auto const field = r.header(http_field::range);
    if (field.empty() || !r.is_get() || !range_allowed(r.header(http_field::if_range), digest))
        return whole;
    auto ranges = oci::resolve_range(field, size);
    if (!ranges)
        return from_oci(ranges.error());
    if (ranges->empty())
        return whole;
    if (ranges->size() == 1)
        return wanted_part{206, ranges->front(), {}};
    return wanted_part{206, whole.part, *std::move(ranges)};
}

response_head blob_head(exchange& x, unsigned status, std::string_view digest, std::string_view cache_status,
                        std::string_view type) {
    auto head = x.begin(status);
    head.field("Content-Type", type).field("Docker-Content-Digest", digest);
    head.field("ETag", std::string("\"").append(digest).append("\"")).field("Accept-Ranges", "bytes");
    head.field("Cache-Status", cache_status);
    return head;
}

} // namespace proxy
