// The road of one request: each endpoint in order; there the authorization we have, redirects, and once more with
// new authorization after a 401.
//
// Seams: what keeps count of failing endpoints and waits between tries belongs around ask() in open(), which sees
// each attempt's result; nothing below it tries anything twice on its own account.
#include "proxy/upstream/upstream.h"

#include "proxy/upstream/clock.h"
#include "proxy/upstream/credentials.h"
#include "proxy/upstream/http_client.h"
#include "proxy/upstream/redirects.h"
#include "proxy/upstream/tls_context.h"
#include "proxy/upstream/token_source.h"
#include "proxy/upstream/verdict.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace proxy {

struct upstream_response::state {
    // An answer that broke off is one that was none.
    void count(bool failed) const {
        if (failed)
            counters->errors.fetch_add(1, std::memory_order_relaxed);
    }

    std::unique_ptr<answer> last;
    std::string endpoint;
    upstream_counters* counters;
};

upstream_response::upstream_response(std::unique_ptr<state> s) : state_(std::move(s)) {}
upstream_response::upstream_response(upstream_response&&) noexcept = default;
upstream_response& upstream_response::operator=(upstream_response&&) noexcept = default;
upstream_response::~upstream_response() = default;

unsigned upstream_response::status() const noexcept {
    return state_->last->status();
}
std::string_view upstream_response::endpoint() const noexcept {
    return state_->endpoint;
}

std::optional<std::uint64_t> upstream_response::content_length() const noexcept {
    return state_->last->content_length();
}

std::string_view upstream_response::header(std::string_view name) const noexcept {
    return state_->last->field(name);
}

task<result<std::size_t>> upstream_response::read_some(std::span<std::byte> to, deadline d) {
    auto& s = *state_;
    auto n = co_await s.last->read_some(to, d);
    s.count(n.has_error());
    co_return n;
}

task<result<std::string>> upstream_response::read_all(std::size_t limit, deadline d) {
    auto& s = *state_;
    auto body = co_await s.last->read_all(limit, d);
    s.count(body.has_error());
    co_return body;
}

struct upstream::state {
    state(upstream_config c, std::vector<worker*> const& workers, upstream_counters& counted, clock_source now)
        : config(std::move(c)), counters(counted), tls(make_tls_context(config.ca_file)),
          login(config.username, config.password_file), tokens(login, config.token_hosts, now) {
        for (auto* w : workers) {
            if (clients.size() <= w->index())
                clients.resize(w->index() + 1);
            clients[w->index()] = std::make_unique<http_client>(
                w->executor(), tls, client_timeouts{config.connect_timeout, config.idle_timeout}, counters, now);
        }
    }

    task<result<upstream_response>> ask(worker& w, endpoint_config const& endpoint, upstream_request const& request,
                                        deadline d);
    result<upstream_response> give(followed_answer got, endpoint_config const& endpoint,
                                   upstream_request const& request) const;

    upstream_config const config;
    upstream_counters& counters;
    net::ssl::context tls;
    credentials login;
    token_source tokens;
    std::vector<std::unique_ptr<http_client>> clients; // by worker; each is used on its thread only
};

namespace {

wire_request to_wire(upstream_request const& request, endpoint_config const& endpoint) {
    wire_request wire;
    wire.method = request.method;
    wire.to = {origin_of(endpoint), endpoint.path + "/v2/" + request.repo.name() + "/" + request.path};
    wire.accept = request.accept;
    wire.range_first = request.range_first;
    return wire;
}

error denied_by(std::string const& endpoint, unsigned status) {
    return {oci::errc::denied, error_source::upstream, retry_class::next_endpoint, 403,
            fmt::format("{} denies access ({})", endpoint, status)};
}

} // namespace

// One endpoint, with the token dance. The answer to a 401 is tried once.
task<result<upstream_response>> upstream::state::ask(worker& w, endpoint_config const& endpoint,
                                                     upstream_request const& request, deadline d) {
    auto& client = *clients.at(w.index());
    auto const name = endpoint.to_string();
    auto wire = to_wire(request, endpoint);
    token_user const user{w, client, wire.to.at, request.repo};
    auto const policy = request.follow_redirects ? redirects::follow : redirects::answer;
    wire.authorization = co_await tokens.current(user, d);
    for (bool may_ask_again = true;; may_ask_again = false) {
        auto got = co_await send_following(client, wire, policy, d);
        if (!got)
            co_return got.error();
        auto const status = got->last->status();
        auto const means = is_redirect(status) ? verdict::answer : judge(status); // one that was not to be followed
        if (means == verdict::answer)
            co_return give(std::move(*got), endpoint, request);

        auto const challenges = got->last->all_fields("WWW-Authenticate");
        co_await got->last->discard(d);
        if (means == verdict::failed)
            co_return failed_answer(status, name);
        // A realm counts only if the registry itself names it.
        if (means == verdict::denied || got->away || !may_ask_again)
            co_return denied_by(name, status);
        auto next = co_await tokens.answer(user, challenges, wire.authorization, d);
        if (!next)
            co_return next.error();
        wire.authorization = std::move(*next);
    }
}

result<upstream_response> upstream::state::give(followed_answer got, endpoint_config const& endpoint,
                                                upstream_request const& request) const {
    if (got.last->status() == 206) { // what another part than the one asked for would do to a blob
        auto const range = oci::parse_content_range(got.last->field("Content-Range"));
        if (!range || range->range.first != request.range_first)
            return upstream_error(502, endpoint.to_string() + " answered with another part than asked for");
    }
    auto s = std::make_unique<upstream_response::state>();
    s->last = std::move(got.last);
    s->endpoint = endpoint.to_string();
    s->counters = &counters;
    return upstream_response(std::move(s));
}

upstream::upstream(upstream_config config, std::vector<worker*> workers, upstream_counters& counters)
    : upstream(std::move(config), std::move(workers), counters, &steady_clock::now) {}

upstream::upstream(upstream_config config, std::vector<worker*> workers, upstream_counters& counters, clock_source now)
    : state_(std::make_unique<state>(std::move(config), workers, counters, std::move(now))) {}

upstream::~upstream() = default;

upstream_config const& upstream::config() const noexcept {
    return state_->config;
}

task<result<upstream_response>> upstream::open(worker& w, upstream_request request, deadline d) {
    auto const& endpoints = state_->config.endpoints;
    auto const limit = d.within(state_->config.first_byte_timeout);
    error last = upstream_error(502, state_->config.name + " has no endpoint");
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        // An endpoint that hangs must leave time for those after it.
        auto const share = limit.within(limit.left() / (endpoints.size() - i));
        auto got = co_await state_->ask(w, endpoints[i], request, share);
        bool const is_last = i + 1 == endpoints.size();
        // An endpoint may be a mirror of part of the registry: what it lacks, the next may have.
        if (got && got->status() == 404 && !is_last)
            continue;
        if (got)
            co_return got;
        last = got.error();
        if (last.code == oci::errc::unavailable)
            state_->counters.errors.fetch_add(1, std::memory_order_relaxed);
        spdlog::debug("{}: {}", state_->config.name, last.message);
        if (last.retry == retry_class::never || limit.passed())
            break;
    }
    if (last.retry == retry_class::fresh_connection)
        last.retry = retry_class::next_endpoint;
    co_return last;
}

} // namespace proxy
