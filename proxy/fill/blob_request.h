// The GET of a blob at upstream, and what the head of its answer may say.
#pragma once

#include "oci/digest.h"
#include "proxy/upstream/upstream.h"

#include <cstdint>
#include <optional>

namespace proxy {

inline constexpr std::uint64_t max_unsized_body = 64ull << 30; // of an answer that does not say its length

// The answer's body is the blob (status 200) or, if `first` was given, perhaps its part from there on (206).
// BLOB_UNKNOWN if upstream does not have it.
task<result<upstream_response>> get_blob(worker& w, upstream& from, oci::repository repo, oci::digest const& d,
                                         std::optional<std::uint64_t> first);

// The size of the whole blob, from its descriptor or from an answer with status 200; the two must not differ.
result<std::optional<std::uint64_t>> agreed_size(upstream_response const& response,
                                                 std::optional<std::uint64_t> expected);

} // namespace proxy
