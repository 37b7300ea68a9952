#include "proxy/fill/refetch.h"

#include "proxy/fill/unattended.h"
#include "proxy/runtime/spawn.h"

#include <spdlog/spdlog.h>

namespace proxy {

namespace {

struct candidate {
    fill_source source;
    bool proven = false;
};

// Where a repository's content comes from; nothing if it is none of an upstream that layerd may ask by itself.
std::optional<candidate> candidate_at(store::repository_name const& name, oci::digest const& d,
                                      store::content_store& content, upstream_set const& upstreams) {
    auto const slash = name.find('/');
    auto repo = oci::repository::parse(slash == name.npos ? name : name.substr(slash + 1));
    auto const link = content.index().find_link(name, d);
    if (slash == name.npos || !repo || !link || !*link || (*link)->kind == store::object_kind::manifest)
        return std::nullopt;
    oci::route route;
    route.prefix = name.substr(0, slash);
    route.repo = *std::move(repo);
    auto const target = upstreams.resolve(route);
    if (!target || !target->from)
        return std::nullopt;
    auto const& settings = target->from->config();
    if (settings.access == upstream_access::per_client && settings.username.empty()) {
        spdlog::warn("{} is not downloaded again for {}: its clients' credentials are not kept, and layerd has none",
                     d.to_string(), name);
        return std::nullopt;
    }
    candidate c{{target->from, target->repo, name, {}, (*link)->kind, (*link)->media_type}, (*link)->proven};
    if ((*link)->size > 0)
        c.source.expected_size = (*link)->size;
    return c;
}

} // namespace

bool refetch(oci::digest const& d, store::content_store& content, upstream_set const& upstreams, fill_table& fills,
             worker& w) {
    auto const holders = content.index().holders(d);
    if (!holders)
        return false;
    std::optional<candidate> best;
    for (auto const& name : *holders) {
        auto c = candidate_at(name, d, content, upstreams);
        if (c && (!best || (c->proven && !best->proven)))
            best = std::move(c);
    }
    if (!best)
        return false;
    spdlog::info("downloading {} again for {}", d.to_string(), best->source.repository_name);
    auto const joined = fills.join(w, d, std::move(best->source));
    if (joined.started)
        spawn(w.executor(), "refetch", [f = joined.fill] { return end_unattended(f); });
    return true;
}

} // namespace proxy
