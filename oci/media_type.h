// The media types that mean something to a registry cache. All others are kept and served as they came.
// Source: OCI image-spec, media-types.md; Docker's "Image Manifest V 2".
#pragma once

#include <cstdint>
#include <string_view>

namespace oci {

namespace media_type {
inline constexpr std::string_view oci_manifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view oci_index = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view oci_config = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view docker_config = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view docker_schema1 = "application/vnd.docker.distribution.manifest.v1+json";
inline constexpr std::string_view docker_schema1_signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";
inline constexpr std::string_view oci_artifact = "application/vnd.oci.artifact.manifest.v1+json";
inline constexpr std::string_view buildkit_cacheconfig = "application/vnd.buildkit.cacheconfig.v0";
inline constexpr std::string_view octet_stream = "application/octet-stream";
} // namespace media_type

// What a manifest document is; `other` is stored and served, and looked into only where it is pushed.
enum class manifest_kind : std::uint8_t { image, index, schema1, other };

// `type` without parameters, as strip_parameters leaves it.
manifest_kind classify_manifest(std::string_view type) noexcept;

// "application/json; charset=utf-8" → "application/json". Surrounding blanks go too.
std::string_view strip_parameters(std::string_view content_type) noexcept;

// The value of our own Accept field for every manifest request to an upstream: always the full list, in
// one order, so that no client's Accept can change what a tag means in the store.
std::string_view manifest_accept_list() noexcept;

} // namespace oci
