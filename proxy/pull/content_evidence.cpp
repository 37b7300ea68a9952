#include "proxy/pull/content_evidence.h"

#include "oci/byte_range.h"
#include "oci/media_type.h"

namespace proxy {

namespace {

std::optional<oci::digest> named_digest(upstream_response const& answer) {
    auto const d = oci::digest::parse(answer.header("Docker-Content-Digest"));
    return d ? std::optional(*d) : std::nullopt;
}

bool is_page(std::string_view type) noexcept {
    return type == "text/html" || type == "application/xhtml+xml";
}

} // namespace

std::optional<std::uint64_t> named_size(upstream_response const& answer) {
    if (answer.status() == 206) {
        auto const range = oci::parse_content_range(answer.header("Content-Range"));
        return range && range->total > 0 ? std::optional(range->total) : std::nullopt;
    }
    return is_page(oci::strip_parameters(answer.header("Content-Type"))) ? std::nullopt : answer.content_length();
}

bool shows_manifest(upstream_response const& answer, std::optional<oci::digest> const& wanted) {
    if (answer.status() != 200)
        return false;
    if (auto const d = named_digest(answer))
        return !wanted || *d == *wanted;
    auto const type = oci::strip_parameters(answer.header("Content-Type"));
    return oci::classify_manifest(type) != oci::manifest_kind::other || type.starts_with("application/vnd.");
}

bool shows_blob(upstream_response const& answer, oci::digest const& wanted, std::optional<std::uint64_t> known_size) {
    if (answer.status() != 200 && answer.status() != 206)
        return false;
    auto const size = named_size(answer);
    if (known_size && size)
        return *size == *known_size;
    return named_digest(answer) == wanted || (answer.status() == 206 && size);
}

} // namespace proxy
