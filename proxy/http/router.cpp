#include "proxy/http/router.h"

#include "oci/manifest.h"
#include "oci/route.h"
#include "proxy/http/login_challenge.h"
#include "proxy/log/shown_target.h"

#include <spdlog/spdlog.h>

#include <bit>

namespace proxy {

namespace {

std::size_t latency_bucket(steady_clock::duration d) {
    auto const us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
    auto const bucket = std::bit_width(static_cast<std::uint64_t>(us < 0 ? 0 : us) / 64);
    return std::min<std::size_t>(bucket, latency_buckets - 1);
}

// Errors that somebody should look at; a client's 404 is not one.
void log_error(error const& e, request const& r) {
    if (e.source == error_source::client || is_overload(e) ||
        e.over != limit::none) { // counted; a line each would be one more load
        spdlog::debug("{} {}: {}", r.method_name(), shown_target(r.target()), for_log(e));
        return;
    }
    spdlog::warn("{} {}: {} ({}, {})", r.method_name(), shown_target(r.target()), for_log(e), to_string(e.source),
                 oci::to_string(e.code));
}

bool is_for_reading(request const& r) {
    return r.is_get() || r.is_head();
}

// Neither the check of a password nor the wait for a turn takes from upstream's time.
void begin_to_ask(repository_target& t) {
    if (t.from)
        t.until = deadline::after(t.from->config().first_byte_timeout);
}

// There is nothing to get under a tag that none may have, but nothing may be put there either.
error malformed(oci::error e, request const& r) {
    if (e.code == oci::errc::manifest_unknown && r.method() == boost::beast::http::verb::put)
        e.code = oci::errc::tag_invalid;
    return from_oci(std::move(e));
}

} // namespace

task<void> router::dispatch(exchange& x) {
    auto const started = steady_clock::now();
    found_target target;
    auto done = co_await handle(x, target);
    if (!done && x.status() == 0) {
        if (is_overload(done.error()))
            x.local().counters.overloaded.add();
        x.local().counters.refuse(done.error().over);
        log_error(done.error(), x.req());
        x.hold(nullptr); // what place there was is given back
        done = co_await x.reply_error(done.error());
    } else if (!done) {
        // The head is out: only a body cut short can still tell the client.
        x.close_after();
    }
    account(x, target, started);
}

task<result<void>> router::handle(exchange& x, found_target& target) {
    // Registry clients send no Origin. A browser does with what changes something, whoever's page wants it: where no
    // login is needed, a page could push here on behalf of who looks at it.
    if (!is_for_reading(x.req()) && !x.req().header(http_field::origin).empty())
        co_return from_oci({oci::errc::denied, "nothing is taken from web pages"});
    if (token_endpoint::is_at(x.req().target())) {
        auto turn = co_await take_in(x, *forms_);
        if (!turn)
            co_return turn.error();
        co_return co_await tokens_.handle(x);
    }
    auto route = oci::parse_route(x.req().target());
    if (!route)
        co_return malformed(route.error(), x.req());
    if (route->repo)
        co_return co_await on_repository(x, *route, target);
    if (!is_for_reading(x.req()))
        co_return from_oci({oci::errc::unsupported, "this path is only for reading"});
    if (std::holds_alternative<oci::ping_endpoint>(route->endpoint))
        co_return co_await ping(x, *route);
    auto admitted = co_await guard_.admit_to_lists(x);
    if (!admitted)
        co_return admitted.error();
    auto turn = co_await list_in(x, *catalogs_);
    if (!turn)
        co_return turn.error();
    co_return co_await hosted_.catalog(x, *route);
}

fair_queue& router::queue_for(exchange& x, oci::endpoint const& e) const {
    bool const is_document = std::holds_alternative<oci::manifest_endpoint>(e);
    bool const is_large = x.body().left().value_or(oci::max_manifest_size) > oci::large_manifest_size;
    return is_document && is_large ? *documents_ : *bodies_;
}

task<result<router::turn>> router::take_in(exchange& x, fair_queue& queue) {
    if (x.body().left() == 0u)
        co_return turn();
    auto place = co_await enter(x, queue);
    if (!place)
        co_return overloaded("too much is being pushed at once", limit::bodies);
    co_return turn(std::move(place));
}

task<result<router::turn>> router::list_in(exchange& x, fair_queue& queue) {
    co_await x.settle();
    auto place = co_await enter(x, queue);
    if (!place)
        co_return overloaded("too many lists are being made at once", limit::lists);
    x.hold(&queue);
    co_return turn(std::move(place));
}

task<std::optional<fair_queue::place>> router::enter(exchange& x, fair_queue& queue) {
    auto const user = x.may.user();
    auto client = std::string(user.empty() ? x.from().client : user);
    return queue.enter(x.local().home, std::move(client), deadline::after(patience));
}

task<result<void>> router::ping(exchange& x, oci::route const& r) {
    auto const login = access_.login_at(x, r);
    if (login == login_need::asked_for)
        co_return from_oci({oci::errc::unauthorized, "log in to see what your account may"});
    if (!access_.is_for_upstream(r)) {
        auto admitted = co_await guard_.admit_anywhere(x);
        if (!admitted)
            co_return admitted.error();
    }
    auto head = x.begin(200);
    head.field("Content-Type", "application/json").field("Cache-Status", "layerd; detail=local");
    if (login == login_need::of_use)
        head.field("WWW-Authenticate", login_challenge);
    co_return co_await x.reply(head, "{}");
}

task<result<void>> router::on_repository(exchange& x, oci::route const& r, found_target& target) {
    if (parts_.disk.waiting() > parts_.settings.server.max_disk_queue)
        co_return overloaded("the disk does not keep up", limit::disk);
    auto found = parts_.upstreams.resolve(r);
    if (!found) {
        auto admitted = co_await guard_.admit_nowhere(x, r);
        if (!admitted)
            co_return admitted.error();
        co_return is_for_reading(x.req()) ? found.error() : hosted_.not_hosted(x, r.repo->name());
    }
    target = *std::move(found);
    if (target->from) {
        x.upstream_name = target->from->config().name;
    }
    target->client = x.from().client;
    if (auto ns = r.query.find("ns"); ns && target->from)
        x.ns = *ns; // names that upstream: safe to echo
    auto allowed = co_await guard_.admit(x, r, *target);
    if (!allowed)
        co_return allowed.error();
    if (!is_for_reading(x.req())) {
        auto turn = co_await take_in(x, queue_for(x, r.endpoint));
        if (!turn)
            co_return turn.error();
        co_return co_await hosted_.change(x, r, *target);
    }
    begin_to_ask(*target);
    if (target->from && target->from->config().access == upstream_access::per_client) {
        auto admitted = co_await access_.admit(x, r.endpoint, *target);
        if (!admitted)
            co_return admitted.error();
    }
    if (auto const* e = std::get_if<oci::manifest_endpoint>(&r.endpoint))
        co_return co_await manifests_.handle(x, *target, e->ref);
    if (auto const* e = std::get_if<oci::blob_endpoint>(&r.endpoint))
        co_return co_await blobs_.handle(x, *target, e->digest);
    auto turn = co_await list_in(x, *lists_);
    if (!turn)
        co_return turn.error();
    if (!target->from)
        co_return co_await hosted_.read(x, r, *target);
    begin_to_ask(*target);
    co_return co_await on_mirrored(x, r, *target);
}

// GET and HEAD of what is neither manifest nor blob.
task<result<void>> router::on_mirrored(exchange& x, oci::route const& r, repository_target const& t) {
    if (std::holds_alternative<oci::tags_endpoint>(r.endpoint))
        co_return co_await listings_.tags(x, t);
    if (auto const* e = std::get_if<oci::referrers_endpoint>(&r.endpoint))
        co_return co_await listings_.referrers(x, t, e->digest);
    co_return co_await hosted_.change(x, r, t); // an upload's path: says where uploads go
}

// By what names say: see traffic_recorder.
void router::record(exchange& x, found_target const& target, steady_clock::time_point started,
                    steady_clock::time_point now) {
    if (!parts_.settings.stats.history)
        return;
    bool const of_upstream = target && target->as;
    client_identity const who{.address = x.from().host(),
                              .user = of_upstream ? std::string_view(target->as->user()) : x.may.user(),
                              .user_agent = x.req().header(http_field::user_agent)};
    x.local().traffic.add({.content = x.content,
                           .outcome = x.outcome,
                           .is_get = x.req().is_get(),
                           .unstored = x.unstored,
                           .status = x.status(),
                           .repository = target ? std::string_view(target->name) : std::string_view(),
                           .client_group = groups_.of(who),
                           .from = target && target->from ? &target->from->counted() : nullptr,
                           .body_bytes = x.body_bytes(),
                           .pushed_bytes = x.pushed_bytes,
                           .first_byte = x.head_sent_at() - started,
                           .total = now - started});
}

void router::account(exchange& x, found_target const& target, steady_clock::time_point started) {
    auto& local = x.local();
    auto& counters = local.counters;
    auto const now = steady_clock::now();
    counters.requests[static_cast<std::size_t>(x.content)][static_cast<std::size_t>(x.outcome)].add();
    counters.bytes_served.add(x.body_bytes());
    if (x.outcome == outcome::hit || x.outcome == outcome::stale)
        counters.bytes_from_cache.add(x.body_bytes());
    if (x.unstored)
        counters.unstored.add();
    auto const first_byte = x.head_sent_at() - started;
    counters.first_byte[latency_bucket(first_byte)].add();
    counters.latency_sum_us.add(
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(first_byte).count()));
    record(x, target, started, now);
    if (!parts_.settings.log.access)
        return;
    access_record const line{
        .client = x.from().name,
        .method = x.req().method_name(),
        .target = shown_target(x.req().target()),
        .status = x.status(),
        .body_bytes = x.body_bytes(),
        .duration = now - started,
        .result = x.outcome,
        .upstream = x.upstream_name,
        .user_agent = x.req().header(boost::beast::http::field::user_agent),
        .user = x.may.user(),
    };
    local.log.write(line);
}

} // namespace proxy
