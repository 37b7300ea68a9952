#include "proxy/pull/manifest_handler.h"

#include "proxy/pull/conditional.h"
#include "proxy/pull/lookup.h"
#include "store/hosted/hosted_repositories.h"

#include <algorithm>
#include <ctime>

namespace proxy {

namespace {

// The clock by which tags are recorded too: a clock of our own, a second behind, would make a tag fresh for longer than
// its ttl.
std::int64_t unix_now() {
    return std::time(nullptr);
}

std::string_view fetched_status(served_manifest const& m) noexcept {
    return m.kept ? "layerd; fwd=miss; stored" : "layerd; fwd=miss";
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
    if (auto const* hot = local.manifests.find(t.name, reference, generation, unix_now())) {
        x.outcome = outcome::hit;
        parts_.content.touch(hot->manifest->digest);
        co_return co_await reply(x, hot->manifest, "layerd; hit", hot->checked_at);
    }
    if (auto const* d = std::get_if<oci::digest>(&ref))
        co_return co_await by_digest(x, t, *d);
    co_return co_await by_tag(x, t, std::get<oci::tag>(ref));
}

void manifest_handler::remember(exchange& x, repository_target const& t, std::string_view reference,
                                cached_manifest entry) {
    x.local().manifests.put(t.name, reference, std::move(entry));
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
        co_return co_await reply(x, *stored, "layerd; hit", 0);
    }
    if (!t.from)
        co_return from_oci({oci::errc::manifest_unknown, "no manifest " + d.to_string() + " in " + t.name});
    auto fetched = co_await source_.fetch(x.local().home, t, d);
    if (!fetched)
        co_return fetched.error();
    x.outcome = outcome::miss;
    co_return co_await reply(x, *fetched, fetched_status(**fetched), 0);
}

task<result<void>> manifest_handler::by_tag(exchange& x, repository_target const& t, oci::tag const& name) {
    auto const generation = parts_.content.index().generation();
    auto find = [&](store::access a) { return parts_.content.index().find_tag(t.name, name, a); };
    auto known = co_await look_up(parts_.disk, find);
    if (!known)
        co_return from_store(known.error());
    if (!t.from && !*known)
        co_return from_oci({oci::errc::manifest_unknown, "no tag '" + name.name() + "' in " + t.name});
    auto const ttl = t.from ? t.from->config().tag_ttl.count() : cached_manifest::forever / 2;
    if (!*known || unix_now() >= (*known)->checked_at + ttl)
        co_return co_await revalidate(x, t, name, *known);

    auto stored = co_await source_.stored(t, (*known)->digest);
    if (!stored)
        co_return stored.error();
    if (!*stored)
        co_return co_await revalidate(x, t, name, *known);
    x.outcome = outcome::hit;
    auto const checked_at = t.from ? (*known)->checked_at : 0; // here nothing is older than it is
    remember(x, t, name.name(), {*stored, generation, checked_at, (*known)->checked_at + ttl});
    co_return co_await reply(x, *stored, "layerd; hit", checked_at);
}

// Asks upstream what the tag is; fetches the manifest only if it is not here.
task<result<void>> manifest_handler::revalidate(exchange& x, repository_target const& t, oci::tag const& name,
                                                std::optional<store::tag_record> known) {
    if (!t.from)
        co_return from_oci({oci::errc::manifest_unknown, "no tag '" + name.name() + "' in " + t.name});
    auto& w = x.local().home;
    auto resolved = co_await source_.resolve(w, t, name);
    if (!resolved)
        co_return co_await serve_stale(x, t, known, resolved.error());
    auto stored = co_await source_.stored(t, resolved->digest);
    if (!stored)
        co_return stored.error();
    if (*stored) {
        bool const confirmed = known && known->digest == resolved->digest;
        x.outcome = outcome::hit;
        co_return co_await reply(x, *stored, confirmed ? "layerd; fwd=stale; hit" : "layerd; fwd=miss; hit",
                                 resolved->checked_at);
    }
    if (x.req().is_head() && resolved->size && !resolved->media_type.empty())
        co_return co_await reply_from_head(x, *resolved);
    auto fetched = co_await source_.fetch(w, t, resolved->digest);
    if (!fetched)
        co_return fetched.error();
    x.outcome = outcome::miss;
    co_return co_await reply(x, *fetched, fetched_status(**fetched), resolved->checked_at);
}

// The last known answer for a tag that upstream cannot be asked about, as long as it is not too old.
task<result<void>> manifest_handler::serve_stale(exchange& x, repository_target const& t,
                                                 std::optional<store::tag_record> known, error e) {
    bool const definite = e.code == oci::errc::manifest_unknown || e.code == oci::errc::name_unknown;
    if (definite || !known)
        co_return e;
    auto const oldest = unix_now() - t.from->config().stale_if_error.count();
    if (known->checked_at < oldest)
        co_return e;
    auto stored = co_await source_.stored(t, known->digest);
    if (!stored || !*stored)
        co_return e;
    x.outcome = outcome::stale;
    co_return co_await reply(x, *stored, "layerd; hit; detail=stale-if-error", known->checked_at);
}

task<result<void>> manifest_handler::reply(exchange& x, manifest_ptr manifest, std::string_view cache_status,
                                           std::int64_t checked_at) {
    auto const& m = *manifest;
    bool const unchanged = matches_etag(x.req().header(http_field::if_none_match), m.digest.to_string());
    auto head = x.begin(unchanged ? 304 : 200);
    head.lines(m.fields).field("Cache-Status", cache_status);
    if (checked_at > 0) {
        auto const age = std::max<std::int64_t>(0, unix_now() - checked_at);
        head.field("Age", static_cast<std::uint64_t>(age));
    }
    if (unchanged)
        co_return co_await x.reply_empty(head);
    co_return co_await x.reply(head, m.body);
}

// A HEAD for a manifest that is not here: upstream's own HEAD says all that is asked for, and costs it nothing.
task<result<void>> manifest_handler::reply_from_head(exchange& x, resolved_tag const& r) {
    x.outcome = outcome::miss;
    auto const name = r.digest.to_string();
    auto head = x.begin(200);
    head.field("Content-Type", r.media_type).field("Docker-Content-Digest", name).field("ETag", '"' + name + '"');
    head.field("Cache-Status", "layerd; fwd=miss");
    co_return co_await x.reply_length_only(head, *r.size);
}

} // namespace proxy
