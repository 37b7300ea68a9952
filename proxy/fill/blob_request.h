// The GET of a blob at upstream, and what the head of its answer may say.
#pragma once

#include "oci/digest.h"
#include "proxy/fill/body_sources.h"
#include "proxy/runtime/deadline.h"
#include "proxy/upstream/asker.h"
#include "proxy/upstream/upstream.h"

#include <cstdint>
#include <optional>

namespace proxy {

inline constexpr std::uint64_t max_unsized_body = 64ull << 30; // of an answer that does not say its length

// The answer's body is the blob (status 200) or, if `first` was given, perhaps its part from there on (206), up to
// `last` if that is given too. `sources` says at which endpoints it is asked for, and learns who answers nonsense.
// BLOB_UNKNOWN if upstream does not have it.
task<result<upstream_response>> get_blob(worker& w, upstream& from, oci::repository repo, oci::digest const& d,
                                         asker by, body_sources& sources, deadline until,
                                         std::optional<std::uint64_t> first, std::optional<std::uint64_t> last = {});

// An answer whose body begins at the byte that was asked for, or before it.
struct blob_part {
    upstream_response body;
    bool to_the_end = false; // of the blob, whatever end was asked for
    std::uint64_t ahead = 0; // bytes before that one, which upstream sends again: to be dropped
};

// The bytes from `first` on, up to `end`, of a blob of `size` bytes, at whichever endpoint, with a redirect and a token
// of its own. That it is the same blob is for the digest to tell; an answer that cannot be about it is an error of
// retry_class::never.
task<result<blob_part>> open_part(worker& w, upstream& from, oci::repository repo, oci::digest const& d, asker by,
                                  body_sources& sources, deadline until, std::uint64_t first, std::uint64_t end,
                                  std::uint64_t size);

// Reads and drops so many bytes.
task<result<void>> skip(upstream_response& response, body_sources& sources, std::uint64_t bytes, milliseconds idle);

// The two in one: the body begins at `first`.
task<result<blob_part>> get_part(worker& w, upstream& from, oci::repository repo, oci::digest const& d, asker by,
                                 body_sources& sources, deadline until, std::uint64_t first, std::uint64_t end,
                                 std::uint64_t size);

// The size of the whole blob, from its descriptor or from an answer with status 200; the two must not differ.
result<std::optional<std::uint64_t>> agreed_size(upstream_response const& response, body_sources& sources,
                                                 std::optional<std::uint64_t> expected);

} // namespace proxy
