// Repository names, tags, and the two kinds of reference that stand behind "manifests/" in a path.
// Each type holds only text inside the grammar of the distribution spec ("Pulling manifests").
#pragma once

#include "oci/digest.h"
#include "oci/error.h"

#include <compare>
#include <string>
#include <string_view>
#include <variant>

namespace oci {

// "library/alpine": components of lower-case alphanumerics, separated inside by one '.', '_', '__' or any
// number of '-', joined by '/'. At most 255 bytes.
class repository {
public:
    static constexpr std::size_t max_size = 255;

    static result<repository> parse(std::string_view text); // NAME_INVALID
    std::string const& name() const noexcept { return name_; }
    bool has_one_component() const noexcept { return name_.find('/') == std::string::npos; }

    friend auto operator<=>(repository const&, repository const&) = default;

private:
    explicit repository(std::string name) : name_(std::move(name)) {}
    std::string name_;
};

// One of letters, digits and '_', then up to 127 of those and '.', '-'.
class tag {
public:
    static constexpr std::size_t max_size = 128;

    static result<tag> parse(std::string_view text); // TAG_INVALID
    std::string const& name() const noexcept { return name_; }

    friend auto operator<=>(tag const&, tag const&) = default;

private:
    explicit tag(std::string name) : name_(std::move(name)) {}
    std::string name_;
};

using reference = std::variant<tag, digest>;

// Text with a ':' is taken as a digest (DIGEST_INVALID if it isn't one), any other as a tag. A malformed
// tag is MANIFEST_UNKNOWN, as the conformance suite wants: no such manifest can exist.
result<reference> parse_reference(std::string_view text);

std::string to_string(reference const& r);

// An image as people write it: "docker.io/library/alpine:3.19", "ghcr.io/a/b@sha256:…", "alpine".
// A first component with a '.' or ':' or equal to "localhost" is the registry, else it is empty (the
// caller's default). Without a reference the tag is "latest"; with both tag and digest the digest counts.
struct image_name {
    std::string registry;
    repository repo;
    reference ref;
};
result<image_name> parse_image_name(std::string_view text);

} // namespace oci
