#include "proxy/http/router.h"

#include "oci/route.h"

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
    if (e.source == error_source::client) {
        spdlog::debug("{} {}: {}", r.method_name(), r.target(), for_log(e));
        return;
    }
    spdlog::warn("{} {}: {} ({}, {})", r.method_name(), r.target(), for_log(e), to_string(e.source),
                 oci::to_string(e.code));
}

bool is_for_reading(request const& r) {
    return r.is_get() || r.is_head();
}

// There is nothing to get under a tag that none may have, but nothing may be put there either.
error malformed(oci::error e, request const& r) {
    if (e.code == oci::errc::manifest_unknown && r.method() == boost::beast::http::verb::put)
        e.code = oci::errc::tag_invalid;
    return from_oci(std::move(e));
}

} // namespace

task<void> router::dispatch(exchange& x, std::string_view client) {
    auto const started = steady_clock::now();
    auto done = co_await handle(x);
    if (!done && x.status() == 0) {
        log_error(done.error(), x.req());
        done = co_await x.reply_error(done.error());
    } else if (!done) {
        // The head is out: only a body cut short can still tell the client.
        x.close_after();
    }
    account(x, client, started);
}

task<result<void>> router::handle(exchange& x) {
    auto route = oci::parse_route(x.req().target());
    if (!route)
        co_return malformed(route.error(), x.req());
    if (route->repo)
        co_return co_await on_repository(x, *route);
    if (!is_for_reading(x.req()))
        co_return from_oci({oci::errc::unsupported, "this path is only for reading"});
    if (!std::holds_alternative<oci::ping_endpoint>(route->endpoint))
        co_return co_await hosted_.catalog(x, *route);
    auto head = x.begin(200);
    head.field("Content-Type", "application/json").field("Cache-Status", "layerd; detail=local");
    co_return co_await x.reply(head, "{}");
}

task<result<void>> router::on_repository(exchange& x, oci::route const& r) {
    auto target = parts_.upstreams.resolve(r);
    if (!target && !is_for_reading(x.req()))
        co_return hosted_.not_hosted(r.repo->name());
    if (!target)
        co_return target.error();
    if (target->from)
        x.upstream_name = target->from->config().name;
    if (auto ns = r.query.find("ns"))
        x.ns = *ns; // names a configured upstream: safe to echo
    if (!is_for_reading(x.req()))
        co_return co_await hosted_.change(x, r, *target);
    if (auto const* e = std::get_if<oci::manifest_endpoint>(&r.endpoint))
        co_return co_await manifests_.handle(x, *target, e->ref);
    if (auto const* e = std::get_if<oci::blob_endpoint>(&r.endpoint))
        co_return co_await blobs_.handle(x, *target, e->digest);
    if (!target->from)
        co_return co_await hosted_.read(x, r, *target);
    co_return co_await on_mirrored(x, r, *target);
}

// GET and HEAD of what is neither manifest nor blob.
task<result<void>> router::on_mirrored(exchange& x, oci::route const& r, repository_target const& t) {
    if (std::holds_alternative<oci::tags_endpoint>(r.endpoint))
        co_return co_await listings_.tags(x, r, t);
    if (auto const* e = std::get_if<oci::referrers_endpoint>(&r.endpoint))
        co_return co_await listings_.referrers(x, r, t, e->digest);
    co_return co_await hosted_.change(x, r, t); // an upload's path: says where uploads go
}

void router::account(exchange& x, std::string_view client, steady_clock::time_point started) {
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
    if (!parts_.settings.log.access)
        return;
    access_record const line{
        .client = client,
        .method = x.req().method_name(),
        .target = x.req().target(),
        .status = x.status(),
        .body_bytes = x.body_bytes(),
        .duration = now - started,
        .result = x.outcome,
        .upstream = x.upstream_name,
        .user_agent = x.req().header(boost::beast::http::field::user_agent),
    };
    local.log.write(line);
}

} // namespace proxy
