// Pushes of manifests: PUT /v2/<name>/manifests/<tag or digest>, with ?tag= for more names at once.
//
// The bytes are kept as they came. What a manifest names need not be here: indexes list platforms that nobody pushed,
// subjects come after what refers to them. Source: distribution-spec, "Pushing manifests".
#pragma once

#include "oci/route.h"
#include "proxy/http/exchange.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/server_parts.h"
#include "store/hosted/hosted_repositories.h"

namespace proxy {

class manifest_push {
public:
    explicit manifest_push(server_parts const& parts) : parts_(parts) {}

    // 201. MANIFEST_INVALID, DIGEST_INVALID (the bytes are not the path's digest), TAG_INVALID, SIZE_INVALID with 413.
    task<result<void>> handle(exchange& x, oci::route const& r, repository_target const& t, oci::reference const& ref);

private:
    struct accepted {
        oci::digest digest;
        std::optional<oci::digest> subject;
    };
    // Hashes, parses and stores: on the disk pool.
    result<accepted> take(repository_target const& t, oci::reference const& ref, std::vector<oci::tag> const& tags,
                          std::string_view content_type, std::string const& body);

    server_parts const& parts_;
};

} // namespace proxy
