// GET and HEAD of /v2/<name>/manifests/<tag or digest>.
#pragma once

#include "oci/route.h"
#include "proxy/http/exchange.h"
#include "proxy/pull/manifest_source.h"

namespace proxy {

class manifest_handler {
public:
    explicit manifest_handler(server_parts const& parts) : parts_(parts), source_(parts) {}

    task<result<void>> handle(exchange& x, repository_target const& t, oci::reference const& ref);

private:
    using manifest_ptr = manifest_source::manifest_ptr;

    task<result<void>> by_digest(exchange& x, repository_target const& t, oci::digest const& d);
    task<result<void>> by_tag(exchange& x, repository_target const& t, oci::tag const& name);
    task<result<void>> revalidate(exchange& x, repository_target const& t, oci::tag const& name,
                                  std::optional<store::tag_record> known);
    task<result<void>> serve_stale(exchange& x, repository_target const& t, std::optional<store::tag_record> known,
                                   error e);
    // `checked_at` is of a tag; 0: no Age.
    task<result<void>> reply(exchange& x, manifest_ptr manifest, std::string_view cache_status,
                             std::int64_t checked_at);
    task<result<void>> reply_from_head(exchange& x, resolved_tag const& r);
    void remember(exchange& x, repository_target const& t, std::string_view reference, cached_manifest entry);

    server_parts const& parts_;
    manifest_source source_;
};

} // namespace proxy
