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

    // For others that pull: who asks for the same at the same time costs upstream one request.
    manifest_source& source() noexcept { return source_; }

private:
    using manifest_ptr = manifest_source::manifest_ptr;

    task<result<void>> by_digest(exchange& x, repository_target const& t, oci::digest const& d);
    task<result<void>> by_tag(exchange& x, repository_target const& t, oci::tag const& name);
    task<result<void>> ask_first(exchange& x, repository_target const& t, oci::tag const& name);
    // A tag that is known, and whose manifest is here.
    task<result<void>> revalidate(exchange& x, repository_target const& t, oci::tag const& name,
                                  store::tag_record const& known, manifest_ptr last);
    task<result<void>> reply_stale(exchange& x, repository_target const& t, oci::tag const& name,
                                   store::tag_record const& known, manifest_ptr last, std::string_view why);
    task<result<void>> reply_resolved(exchange& x, repository_target const& t, resolved_tag const& r, bool confirmed);
    // `checked_at` is of a tag; 0: no Age.
    task<result<void>> reply(exchange& x, manifest_ptr manifest, std::string_view cache_status, std::int64_t checked_at,
                             std::string_view warning = {});
    task<result<void>> reply_from_head(exchange& x, resolved_tag const& r);
    void look_ahead(exchange& x, repository_target const& t, manifest_ptr const& m);
    void remember(exchange& x, repository_target const& t, std::string_view reference, cached_manifest entry);

    server_parts const& parts_;
    manifest_source source_;
};

} // namespace proxy
