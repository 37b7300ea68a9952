#include "proxy/fill/refetch.h"

#include "proxy/fill/unattended.h"
#include "proxy/runtime/spawn.h"

#include <spdlog/spdlog.h>

namespace proxy {

bool refetch(oci::digest const& d, store::content_store& content, upstream_set const& upstreams, fill_table& fills,
             worker& w) {
    auto const holders = content.index().holders(d);
    if (!holders)
        return false;
    for (auto const& name : *holders) {
        auto const slash = name.find('/');
        auto repo = oci::repository::parse(slash == name.npos ? name : name.substr(slash + 1));
        auto const link = content.index().find_link(name, d);
        if (slash == name.npos || !repo || !link || !*link || (*link)->kind == store::object_kind::manifest)
            continue;
        oci::route route;
        route.prefix = name.substr(0, slash);
        route.repo = *std::move(repo);
        auto const target = upstreams.resolve(route);
        if (!target || !target->from)
            continue;
        auto const& settings = target->from->config();
        if (settings.access == upstream_access::per_client && settings.username.empty()) {
            spdlog::warn(
                "{} is not downloaded again for {}: its clients' credentials are not kept, and layerd has none",
                d.to_string(), name);
            continue;
        }
        fill_source source{target->from, target->repo, name, {}, (*link)->kind, (*link)->media_type};
        if ((*link)->size > 0)
            source.expected_size = (*link)->size;
        spdlog::info("downloading {} again for {}", d.to_string(), name);
        auto const joined = fills.join(w, d, std::move(source));
        if (joined.started)
            spawn(w.executor(), "refetch", [f = joined.fill] { return end_unattended(f); });
        return true;
    }
    return false;
}

} // namespace proxy
