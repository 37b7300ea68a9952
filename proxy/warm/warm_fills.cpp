#include "proxy/warm/warm_fills.h"

#include "proxy/runtime/jitter.h"

#include <algorithm>

namespace proxy {

namespace {

constexpr std::chrono::hours patience{24}; // for a place: who has one gives it back in time
constexpr int most_turns = 3;
constexpr int most_overloads = 120; // a second each

error no_room() {
    return error{oci::errc::unavailable, error_source::store, retry_class::never, 507,
                 "there is no room for it: keep_storage or the disk is too small"};
}

error stopping() {
    return overloaded("layerd is stopping");
}

bool is_over(fill_stage s) noexcept {
    return s != fill_stage::starting && s != fill_stage::streaming;
}

store::object_kind kind_of(oci::descriptor const& d) noexcept {
    return d.role == oci::child_role::config ? store::object_kind::config : store::object_kind::layer;
}

std::size_t share(std::uint64_t of, std::uint64_t part) {
    return std::clamp<std::uint64_t>(of / part, 1, warm_fills::max_running);
}

} // namespace

warm_fills::warm_fills(server_parts const& parts)
    : parts_(parts), access_(parts), places_(std::make_shared<fair_queue>(share(parts.settings.server.max_fills, 8))) {}

std::shared_ptr<fair_queue> warm_fills::places_at(upstream const& u) {
    std::lock_guard lock(mutex_);
    auto& q = at_[&u];
    auto const most = u.config().max_requests;
    if (!q)
        q = std::make_shared<fair_queue>(most == 0 ? max_running : share(most, 4));
    return q;
}

// In the store, and shown by this repository; asks upstream where only that is wanting.
task<result<bool>> warm_fills::is_here(worker& w, repository_target const& t, oci::digest const& d) {
    auto open = [&] { return parts_.content.open_blob(d); };
    auto const stored = co_await on_disk(parts_.disk, open);
    if (!stored || !*stored)
        co_return false;
    auto find_link = [&] { return parts_.content.index().find_link(t.name, d); };
    auto const known = co_await on_disk(parts_.disk, find_link);
    if (!known)
        co_return from_store(known.error());
    if (!is_shown(parts_, t, *known)) {
        auto const proven = co_await access_.prove_stored(w, t, d, *known, **stored);
        if (!proven) // what upstream does not show that it has is passed through to clients: nothing to warm
            co_return proven.error();
    }
    parts_.content.touch(d); // as a client's pull would
    co_return true;
}

// Each turn after the first means that somebody else's fill has ended: with the content stored, or refused to a
// repository or a login that is not ours.
task<result<bool>> warm_fills::bring(worker& w, std::shared_ptr<warm_job> job, oci::descriptor d) {
    bool fetched = false;
    for (int turn = 0, overloads = 0; turn < most_turns;) {
        auto done = co_await is_here(w, job->request().image.target, d.digest);
        if (done && *done)
            co_return fetched;
        if (done && fetched)
            co_return no_room();
        if (stopping_)
            co_return stopping();
        if (done)
            done = co_await fetch(w, *job, d);
        if (!done && is_overload(done.error()) && !stopping_ && ++overloads < most_overloads) {
            co_await wait_for(seconds(1)); // clients go first
            continue;
        }
        if (!done)
            co_return done.error();
        fetched = *done;
        ++turn;
    }
    co_return upstream_error(503, "the blob comes and goes");
}

// Not done by this fill, or not by one of ours: false.
task<result<bool>> warm_fills::fetch(worker& w, warm_job& job, oci::descriptor const& d) {
    auto const& t = job.request().image.target;
    auto const queue = places_at(*t.from);
    auto const at_upstream = co_await queue->enter(w, t.name, deadline::after(patience));
    auto const place = co_await places_->enter(w, t.name, deadline::after(patience));
    if (!at_upstream || !place)
        co_return overloaded("too much waits to be warmed");
    if (stopping_)
        co_return stopping();
    fill_source source{t.from, t.repo, t.name, d.size, kind_of(d), d.media_type};
    auto const joined = parts_.fills.join(w, d.digest, std::move(source));
    job.follow(joined.fill, joined.started);
    if (stopping_)
        job.abandon_fills();
    auto seen = joined.fill->state().get();
    while (!is_over(seen.value.stage))
        seen = co_await joined.fill->state().changed(seen.version);
    job.unfollow(joined.fill);
    if (joined.started)
        joined.fill->opened.reset(); // nobody waits for it
    switch (seen.value.stage) {
    case fill_stage::done:
        co_return joined.started;
    case fill_stage::unstored:
        co_return no_room();
    case fill_stage::failed:
        if (joined.started || is_overload(*seen.value.failure))
            co_return *seen.value.failure;
        co_return false;
    case fill_stage::superseded:
    case fill_stage::starting:
    case fill_stage::streaming:
        break;
    }
    co_return false;
}

} // namespace proxy
