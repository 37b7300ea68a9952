#include "proxy/pull/served_manifest.h"

#include "oci/media_type.h"

#include <algorithm>
#include <span>
#include <utility>

namespace proxy {

namespace {

// The type comes out of a document that anyone may have written: it must not be able to write our head.
bool fits_in_a_field(std::string_view type) noexcept {
    return !type.empty() && type.size() <= 255 &&
           std::all_of(type.begin(), type.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

} // namespace

std::string manifest_fields(oci::digest const& d, std::string_view media_type) {
    auto const name = d.to_string();
    std::string lines = "Content-Type: ";
    lines.append(fits_in_a_field(media_type) ? media_type : oci::media_type::octet_stream);
    lines.append("\r\nDocker-Content-Digest: ").append(name).append("\r\nETag: \"").append(name).append("\"\r\n");
    lines.append("X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'none'; sandbox\r\n");
    return lines;
}

served_manifest::served_manifest(oci::digest d, std::string type, std::shared_ptr<store::blob_file const> bytes)
    : digest(d), media_type(std::move(type)), content(std::move(bytes)) {
    if (!fits_in_a_field(media_type))
        media_type = oci::media_type::octet_stream;
    fields = manifest_fields(digest, media_type);
}

served_manifest::served_manifest(oci::digest d, std::string type, std::string bytes)
    : served_manifest(d, std::move(type),
                      std::make_shared<store::blob_file const>(std::make_shared<std::string const>(std::move(bytes)))) {
}

store::result<std::string> served_manifest::read() const {
    if (content->in_memory())
        return std::string(content->bytes());
    std::string bytes(size(), '\0');
    auto const n = content->read(0, std::as_writable_bytes(std::span(bytes)));
    if (!n)
        return n.error();
    bytes.resize(*n);
    return bytes;
}

} // namespace proxy
