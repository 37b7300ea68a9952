// From a request target to one endpoint of the distribution API.
//
// Repository names may themselves contain components called "blobs", "manifests" or "uploads", so a path is
// matched from its right end: the longest ending that forms an endpoint wins, and what stands before it is
// the repository. Percent-escapes are decoded once, before that; "..", empty components and control bytes
// are refused. Source: distribution-spec, "Endpoints".
#pragma once

#include "oci/error.h"
#include "oci/reference.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace oci {

// Query parameters, decoded, in order. '+' is kept as it is.
class query {
public:
    std::vector<std::pair<std::string, std::string>> items;

    std::optional<std::string_view> find(std::string_view key) const noexcept; // the first of that name
};

struct ping_endpoint {};
struct catalog_endpoint {};
struct manifest_endpoint {
    reference ref;
};
struct blob_endpoint {
    oci::digest digest;
};
struct tags_endpoint {};
struct referrers_endpoint {
    oci::digest digest;
};
struct upload_start_endpoint {};
struct upload_endpoint {
    std::string session;
};

using endpoint = std::variant<ping_endpoint, catalog_endpoint, manifest_endpoint, blob_endpoint, tags_endpoint,
                              referrers_endpoint, upload_start_endpoint, upload_endpoint>;

struct route {
    std::string prefix;             // what stood before "/v2/", without slashes: an upstream's name, or ""
    std::optional<repository> repo; // absent for ping and catalog only
    oci::endpoint endpoint;
    oci::query query;
};

inline constexpr std::size_t max_target_size = 8192;

// Total. `target` is the request target in origin form ("/v2/…?…").
//   NAME_INVALID       the repository is outside the grammar, or the path is malformed
//   DIGEST_INVALID     the digest of a blob, a referrers path or a manifest is malformed
//   MANIFEST_UNKNOWN   the tag is malformed
//   UNSUPPORTED        a path of ours with a leading '_' that we do not serve
//   NAME_UNKNOWN       not a path of the API at all
result<route> parse_route(std::string_view target);

} // namespace oci
