// An image as people write it, and what that means here: what it means to clients. "alpine" is
// docker.io/library/alpine:latest where docker.io is the default.
#pragma once

#include "oci/reference.h"
#include "proxy/pull/upstream_set.h"

#include <string>
#include <string_view>

namespace proxy {

struct named_image {
    repository_target target;
    oci::reference reference;

    std::string name() const; // in full
};

// "docker.io/library/alpine:3.20", "local/app@sha256:…"; the repository as the store names it.
std::string image_name(std::string const& repository, oci::reference const& r);

// NAME_UNKNOWN if its registry is not configured, NAME_INVALID and others if it is none.
result<named_image> find_image(upstream_set const& upstreams, std::string_view text);

} // namespace proxy
