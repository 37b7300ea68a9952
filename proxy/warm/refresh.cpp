#include "proxy/warm/refresh.h"

#include "proxy/pull/lookup.h"

namespace proxy {

task<result<refreshed>> refresh(server_parts const& parts, manifest_source& manifests, worker& w, named_image image) {
    auto const& t = image.target;
    auto const* name = std::get_if<oci::tag>(&image.reference);
    if (!name)
        co_return error{oci::errc::name_invalid, error_source::client, retry_class::never, 400,
                        image.name() + " is named by its digest, and never changes"};
    auto find = [&](store::access a) { return parts.content.index().find_tag(t.name, *name, a); };
    auto const known = co_await look_up(parts.disk, find);
    if (!known)
        co_return from_store(known.error());
    auto const now = co_await manifests.ask_now(w, t, *name);
    if (!now)
        co_return now.error();
    refreshed seen{now->digest, {}, now->fetched};
    if (*known)
        seen.before = (*known)->digest;
    if (!seen.has_moved() || seen.fetched)
        co_return seen;
    auto const stored = co_await manifests.stored(t, now->digest);
    if (!stored)
        co_return stored.error();
    if (*stored)
        co_return seen;
    auto const got = co_await manifests.fetch(w, t, now->digest);
    if (!got)
        co_return got.error();
    seen.fetched = true;
    co_return seen;
}

} // namespace proxy
