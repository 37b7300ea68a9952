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

// Query parameters, decoded, in order. '+' is kept as it is, and so is a '%' that starts no escape.
class query {
public:
    std::vector<std::pair<std::string, std::string>> items;

    std::optional<std::string_view> find(std::string_view key) const noexcept; // the first of that name

    friend bool operator==(query const&, query const&) = default;
};

struct ping_endpoint {
    friend bool operator==(ping_endpoint const&, ping_endpoint const&) = default;
};
struct catalog_endpoint {
    friend bool operator==(catalog_endpoint const&, catalog_endpoint const&) = default;
};
struct manifest_endpoint {
    reference ref;
    friend bool operator==(manifest_endpoint const&, manifest_endpoint const&) = default;
};
struct blob_endpoint {
    oci::digest digest;
    friend bool operator==(blob_endpoint const&, blob_endpoint const&) = default;
};
struct tags_endpoint {
    friend bool operator==(tags_endpoint const&, tags_endpoint const&) = default;
};
struct referrers_endpoint {
    oci::digest digest;
    friend bool operator==(referrers_endpoint const&, referrers_endpoint const&) = default;
};
struct upload_start_endpoint {
    friend bool operator==(upload_start_endpoint const&, upload_start_endpoint const&) = default;
};
struct upload_endpoint {
    std::string session;
    friend bool operator==(upload_endpoint const&, upload_endpoint const&) = default;
};

using endpoint = std::variant<ping_endpoint, catalog_endpoint, manifest_endpoint, blob_endpoint, tags_endpoint,
                              referrers_endpoint, upload_start_endpoint, upload_endpoint>;

struct route {
    std::string prefix;             // what stood before "/v2/", without slashes: an upstream's name, or ""
    std::optional<repository> repo; // absent for ping and catalog only
    oci::endpoint endpoint;
    oci::query query;

    friend bool operator==(route const&, route const&) = default;
};

inline constexpr std::size_t max_target_size = 8192;
inline constexpr std::size_t max_query_items = 256;
inline constexpr std::size_t max_session_size = 256;

// Total. `target` is the request target in origin form ("/v2/…?…").
//   NAME_INVALID       the repository is outside the grammar, or the path is malformed, or a control byte stands
//                      in the query (values go into headers)
//   URI_TOO_LONG       too many bytes or parameters
//   DIGEST_INVALID     the digest of a blob, a referrers path or a manifest is malformed
//   MANIFEST_UNKNOWN   the tag is malformed
//   BLOB_UPLOAD_UNKNOWN  the id of an upload session is none that we could have given out
//   UNSUPPORTED        a path of ours with a leading '_' that we do not serve
//   NAME_UNKNOWN       not a path of the API at all
result<route> parse_route(std::string_view target);

} // namespace oci
