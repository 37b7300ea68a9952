// DELETE of tags, manifests and blobs: they leave one repository, at once. The bytes stay as long as anything else here
// has them. Source: distribution-spec, "Content Management".
#pragma once

#include "oci/route.h"
#include "proxy/http/exchange.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/server_parts.h"

namespace proxy {

class deletion {
public:
    explicit deletion(server_parts const& parts) : parts_(parts) {}

    // 202. A tag alone goes; a digest with every tag that means it. MANIFEST_UNKNOWN.
    task<result<void>> manifest(exchange& x, repository_target const& t, oci::reference const& ref);
    // 202. BLOB_UNKNOWN.
    task<result<void>> blob(exchange& x, repository_target const& t, oci::digest const& d);

private:
    task<result<void>> reply(exchange& x, store::result<bool> removed, error unknown);

    server_parts const& parts_;
};

} // namespace proxy
