#include "proxy/pull/manifest_cache.h"

#include "oci/media_type.h"

#include <algorithm>

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

served_manifest::served_manifest(oci::digest d, std::string type, std::string bytes)
    : digest(d), media_type(std::move(type)), body(std::move(bytes)) {
    if (!fits_in_a_field(media_type))
        media_type = oci::media_type::octet_stream;
    fields = manifest_fields(digest, media_type);
}

std::string_view manifest_cache::key(std::string_view repository, std::string_view reference) {
    key_.assign(repository).append(1, '\0').append(reference);
    return key_;
}

cached_manifest const* manifest_cache::find(std::string_view repository, std::string_view reference,
                                            std::uint64_t generation, std::int64_t now) {
    auto it = entries_.find(key(repository, reference));
    if (it == entries_.end())
        return nullptr;
    auto const& entry = it->second;
    return entry.generation == generation && now < entry.fresh_until ? &entry : nullptr;
}

// Full means start anew: what is hot is back within a request each, and there is no order to keep on every hit.
void manifest_cache::put(std::string_view repository, std::string_view reference, cached_manifest entry) {
    auto const size = entry.manifest->body.size();
    if (size > max_bytes / 4 || entry.manifest->held)
        return;
    if (entries_.size() >= max_entries || bytes_ + size > max_bytes) {
        entries_.clear();
        bytes_ = 0;
    }
    auto [it, fresh] = entries_.try_emplace(std::string(key(repository, reference)));
    if (!fresh)
        bytes_ -= it->second.manifest->body.size();
    bytes_ += size;
    it->second = std::move(entry);
}

} // namespace proxy
