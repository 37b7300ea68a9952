// Which media types are manifests, and the Accept list made of them.
#include "oci/media_type.h"

#include "oci/charset.h"

namespace oci {

manifest_kind classify_manifest(std::string_view type) noexcept {
    if (type == media_type::oci_manifest || type == media_type::docker_manifest)
        return manifest_kind::image;
    if (type == media_type::oci_index || type == media_type::docker_list)
        return manifest_kind::index;
    if (type == media_type::docker_schema1 || type == media_type::docker_schema1_signed)
        return manifest_kind::schema1;
    return manifest_kind::other;
}

std::string_view strip_parameters(std::string_view content_type) noexcept {
    return charset::trim(content_type.substr(0, content_type.find(';')));
}

// Lists before images: some registries answer in the order asked. The last entry is what lets types that
// nobody has thought of yet through; containerd sends the same. Schema 1 is not named, because some registries
// convert to it for whoever asks, and a converted manifest has another digest.
std::string_view manifest_accept_list() noexcept {
    return "application/vnd.oci.image.index.v1+json, "
           "application/vnd.docker.distribution.manifest.list.v2+json, "
           "application/vnd.oci.image.manifest.v1+json, "
           "application/vnd.docker.distribution.manifest.v2+json, "
           "application/vnd.oci.artifact.manifest.v1+json, "
           "*/*";
}

} // namespace oci
