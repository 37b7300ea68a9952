#include "proxy/pull/manifest_handler.h"

#include "proxy/http/warning.h"
#include "proxy/pull/conditional.h"
#include "proxy/pull/lookup.h"
#include "proxy/pull/tag_lifetime.h"
#include "store/hosted/hosted_repositories.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace proxy {

namespace {

std::string_view fetched_status(manifest_source::fetched const& f) noexcept {
    if (f.collapsed)
        return "layerd; fwd=miss; collapsed";
    return f.manifest->unkept ? "layerd; fwd=miss" : "layerd; fwd=miss; stored";
}

outcome miss_of(bool collapsed) noexcept {
    return collapsed ? outcome::collapsed : outcome::miss;
}

// Upstream has answered, and that is its answer. A password that has expired is none: it hides what is public too.
bool is_definite(error const& e) noexcept {
    return !e.doubtful && (e.code == oci::errc::manifest_unknown || e.code == oci::errc::name_unknown);
}

} // namespace

task<result<void>> manifest_handler::handle(exchange& x, repository_target const& t, oci::reference const& ref) {
    x.content = content_class::manifest;
    auto const reference = oci::to_string(ref);
    auto& local = x.local();
    auto const* named = std::get_if<oci::digest>(&ref);
    if (!t.from && named && x.req().is_head()) { // an index will name it without sending it
        auto find = [&](store::access a) { return parts_.content.index().find_link(t.name, *named, a); };
        auto const known = co_await look_up(parts_.disk, find);
        if (!known)
            co_return from_store(known.error());
        if (*known) // made-up digests are not to be remembered
            parts_.content.hosted().rely_on(*named);
    }
    auto const generation = parts_.content.index().generation();
    if (auto const* hot = local.manifests.find(t.name, reference, generation, parts_.now())) {
        x.outcome = outcome::hit;
        parts_.content.touch(hot->manifest->digest);
        if (!named && t.from)
            local.tags.add(t.name, reference);
        co_return co_await reply(x, hot->manifest, "layerd; hit", hot->checked_at);
    }
    if (named)
        co_return co_await by_digest(x, t, *named);
    auto answered = co_await by_tag(x, t, std::get<oci::tag>(ref));
    if (answered && t.from) // tags that do not exist are not to be remembered
        local.tags.add(t.name, reference);
    co_return answered;
}

void manifest_handler::remember(exchange& x, repository_target const& t, std::string_view reference,
                                cached_manifest entry) {
    x.local().manifests.put(t.name, reference, std::move(entry));
}

// Not for what this worker has just served from memory: its layers were looked for then; nor for who has it already.
void manifest_handler::look_ahead(exchange& x, repository_target const& t, manifest_ptr const& m) {
    if (x.req().is_get() && !matches_etag(x.req().header(http_field::if_none_match), m->digest.to_string()))
        parts_.ahead.manifest_asked(x.local().home, t, m, x.req().header(http_field::user_agent));
}

task<result<void>> manifest_handler::by_digest(exchange& x, repository_target const& t, oci::digest const& d) {
    // Read before the store is: a removal in between makes the entry stale at birth, never wrong.
    auto const generation = parts_.content.index().generation();
    auto stored = co_await source_.stored(t, d);
    if (!stored)
        co_return stored.error();
    if (*stored) {
        x.outcome = outcome::hit;
        remember(x, t, d.to_string(), {*stored, generation, 0, cached_manifest::forever});
        look_ahead(x, t, *stored);
        co_return co_await reply(x, *stored, "layerd; hit", 0);
    }
    if (!t.from)
        co_return from_oci({oci::errc::manifest_unknown, "no manifest " + d.to_string() + " in " + t.name});
    auto fetched = co_await source_.fetch(x.local().home, t, d);
    if (!fetched)
        co_return fetched.error();
    x.outcome = miss_of(fetched->collapsed);
    look_ahead(x, t, fetched->manifest);
    co_return co_await reply(x, fetched->manifest, fetched_status(*fetched), 0);
}

task<result<void>> manifest_handler::by_tag(exchange& x, repository_target const& t, oci::tag const& name) {
    auto const generation = parts_.content.index().generation();
    auto find = [&](store::access a) { return parts_.content.index().find_tag(t.name, name, a); };
    auto known = co_await look_up(parts_.disk, find);
    if (!known)
        co_return from_store(known.error());
    if (!t.from && !*known)
        co_return from_oci({oci::errc::manifest_unknown, "no tag '" + name.name() + "' in " + t.name});
    if (!*known)
        co_return co_await ask_first(x, t, name);
    auto stored = co_await source_.stored(t, (*known)->digest);
    if (!stored)
        co_return stored.error();
    if (!*stored)
        co_return co_await ask_first(x, t, name);

    auto const checked_at = (*known)->checked_at;
    x.outcome = outcome::hit;
    if (!t.from) { // here nothing is older than it is
        remember(x, t, name.name(), {*stored, generation, 0, cached_manifest::forever});
        co_return co_await reply(x, *stored, "layerd; hit", 0);
    }
    tag_lifetime const life(t.from->config(), name.name(), ttl_stretch(t.from->budget()));
    switch (life.at(parts_.now(), checked_at)) {
    case tag_state::fresh:
        remember(x, t, name.name(), {*stored, generation, checked_at, life.fresh_until(checked_at)});
        look_ahead(x, t, *stored);
        co_return co_await reply(x, *stored, "layerd; hit", checked_at);
    case tag_state::revalidate_behind:
        source_.refresh(x.local().home, t, name);
        x.outcome = outcome::stale;
        co_return co_await reply(x, *stored, "layerd; hit; detail=stale-while-revalidate", checked_at);
    case tag_state::revalidate_first:
        break;
    }
    co_return co_await revalidate(x, t, name, **known, *std::move(stored));
}

// Nothing here can be served: the client waits for upstream's answer, whatever it is.
task<result<void>> manifest_handler::ask_first(exchange& x, repository_target const& t, oci::tag const& name) {
    if (!t.from)
        co_return from_oci({oci::errc::manifest_unknown, "no tag '" + name.name() + "' in " + t.name});
    auto resolved = co_await source_.resolve(x.local().home, t, name);
    if (!resolved)
        co_return resolved.error();
    co_return co_await reply_resolved(x, t, *resolved, false);
}

// Upstream is asked what the tag is now. Where it fails, or takes too long, the last known manifest is the answer as
// long as it is not too old.
task<result<void>> manifest_handler::revalidate(exchange& x, repository_target const& t, oci::tag const& name,
                                                store::tag_record const& known, manifest_ptr last) {
    auto& w = x.local().home;
    tag_lifetime const life(t.from->config(), name.name(), ttl_stretch(t.from->budget()));
    if (!life.may_be_served_on_error(parts_.now(), known.checked_at))
        co_return co_await ask_first(x, t, name);
    auto resolved = co_await source_.resolve_for(w, t, name, t.from->config().revalidate_wait);
    if (!resolved)
        co_return co_await reply_stale(x, t, name, known, std::move(last), "upstream has not answered yet");
    if (resolved->has_value())
        co_return co_await reply_resolved(x, t, **resolved, (*resolved)->digest == known.digest);
    if (is_definite(resolved->error()))
        co_return resolved->error();
    co_return co_await reply_stale(x, t, name, known, std::move(last), resolved->error().message);
}

task<result<void>> manifest_handler::reply_stale(exchange& x, repository_target const& t, oci::tag const& name,
                                                 store::tag_record const& known, manifest_ptr last,
                                                 std::string_view why) {
    auto const age = std::max<std::int64_t>(0, parts_.now() - known.checked_at);
    auto const warning = warning_value(
        fmt::format("{}:{} is what it was {} s ago, when upstream last said so: {}", t.name, name.name(), age, why));
    x.outcome = outcome::stale;
    co_return co_await reply(x, last, "layerd; hit; detail=stale-if-error", known.checked_at, warning);
}

// What upstream has just said; its manifest is fetched only if it is not here.
task<result<void>> manifest_handler::reply_resolved(exchange& x, repository_target const& t, resolved_tag const& r,
                                                    bool confirmed) {
    auto stored = co_await source_.stored(t, r.digest);
    if (!stored)
        co_return stored.error();
    if (*stored) {
        x.outcome = r.fetched ? miss_of(r.collapsed) : outcome::hit;
        std::string_view status = confirmed ? "layerd; fwd=stale; hit" : "layerd; fwd=miss; hit";
        if (r.fetched)
            status = r.collapsed ? "layerd; fwd=miss; collapsed" : "layerd; fwd=miss; stored";
        look_ahead(x, t, *stored);
        co_return co_await reply(x, *stored, status, r.checked_at);
    }
    if (x.req().is_head() && r.size && !r.media_type.empty())
        co_return co_await reply_from_head(x, r);
    auto fetched = co_await source_.fetch(x.local().home, t, r.digest);
    if (!fetched)
        co_return fetched.error();
    x.outcome = miss_of(fetched->collapsed);
    look_ahead(x, t, fetched->manifest);
    co_return co_await reply(x, fetched->manifest, fetched_status(*fetched), r.checked_at);
}

task<result<void>> manifest_handler::reply(exchange& x, manifest_ptr manifest, std::string_view cache_status,
                                           std::int64_t checked_at, std::string_view warning) {
    auto const& m = *manifest;
    bool const unchanged = matches_etag(x.req().header(http_field::if_none_match), m.digest.to_string());
    auto head = x.begin(unchanged ? 304 : 200);
    head.lines(m.fields).field("Cache-Status", cache_status);
    if (checked_at > 0) {
        auto const age = std::max<std::int64_t>(0, parts_.now() - checked_at);
        head.field("Age", static_cast<std::uint64_t>(age));
    }
    if (!warning.empty())
        head.field("Warning", warning);
    if (unchanged)
        co_return co_await x.reply_empty(head);
    if (m.held)
        x.hold(&m.held->queue());
    co_return co_await x.reply_all_of(head, *m.content);
}

// A HEAD for a manifest that is not here: upstream's own HEAD says all that is asked for, and costs it nothing.
task<result<void>> manifest_handler::reply_from_head(exchange& x, resolved_tag const& r) {
    x.outcome = miss_of(r.collapsed);
    auto head = x.begin(200);
    head.lines(manifest_fields(r.digest, r.media_type));
    head.field("Cache-Status", r.collapsed ? "layerd; fwd=miss; collapsed" : "layerd; fwd=miss");
    co_return co_await x.reply_length_only(head, *r.size);
}

} // namespace proxy
