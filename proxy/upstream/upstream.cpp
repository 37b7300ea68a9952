// The road of one request: each endpoint in order that is worth asking; there the authorization we have, redirects, and
// once more with new authorization after a 401. If all fail, the same again after a moment.
#include "proxy/upstream/upstream.h"

#include "proxy/runtime/clock.h"
#include "proxy/runtime/fair_queue.h"
#include "proxy/runtime/jitter.h"
#include "proxy/runtime/pacer.h"
#include "proxy/upstream/credentials.h"
#include "proxy/upstream/endpoint_race.h"
#include "proxy/upstream/http_client.h"
#include "proxy/upstream/login_limits.h"
#include "proxy/upstream/rate_limit.h"
#include "proxy/upstream/redirects.h"
#include "proxy/upstream/response_state.h"
#include "proxy/upstream/tls_context.h"
#include "proxy/upstream/token_source.h"
#include "proxy/upstream/verdict.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <utility>

namespace proxy {

namespace {

std::size_t places_of(upstream_config const& config) {
    return config.max_requests == 0 ? fair_queue::unlimited : config.max_requests;
}

// One client alone may want nearly all: an image of twenty layers, each over four connections. The rest is others', for
// what it holds it may hold long.
std::size_t places_of_one(upstream_config const& config) {
    constexpr std::size_t least = 16;
    return config.max_requests == 0 ? fair_queue::unlimited : std::max<std::size_t>(config.max_requests / 4 * 3, least);
}

std::shared_ptr<pacer> pacer_of(upstream_config const& config) {
    return config.max_bandwidth == 0 ? nullptr : std::make_shared<pacer>(config.max_bandwidth);
}

// The endpoint that is asked last: what it has not, the upstream has not.
origin home_of(upstream_config const& config) {
    if (config.endpoints.empty())
        return {};
    auto const& last = config.endpoints.back();
    return {last.tls, last.host, last.port};
}

} // namespace

struct upstream::state {
    state(upstream_config c, std::vector<worker*> const& workers, upstream_counters& counted, clock_source now,
          client_network around)
        : config(std::move(c)), counters(counted), clock(now), tls(make_tls_context(config.ca_file)),
          login(config.username, config.password_file), tokens(login, home_of(config), config.token_hosts, now),
          blobs(std::make_shared<fair_queue>(places_of(config), places_of_one(config))),
          others(std::make_shared<fair_queue>(places_of(config), places_of_one(config))), pace(pacer_of(config)) {
        for (auto* w : workers) {
            if (clients.size() <= w->index())
                clients.resize(w->index() + 1);
            clients[w->index()] = std::make_unique<http_client>(
                w->executor(), tls, client_timeouts{config.connect_timeout, config.idle_timeout}, counters, now,
                around);
        }
        for (auto const& e : config.endpoints)
            endpoints.push_back(std::make_unique<endpoint>(e, now));
    }

    struct endpoint {
        endpoint(endpoint_config c, clock_source now) : at(std::move(c)), health(at.to_string(), now), accounts(now) {}

        endpoint_config const at;
        endpoint_health health;
        login_limits accounts; // of clients; that of layerd itself is the endpoint's health
        std::atomic<steady_clock::time_point> silent_at{steady_clock::time_point::min()}; // the last time, for its time
    };

    // An endpoint as one request finds it.
    struct candidate {
        endpoint* at;
        body_account_ptr account;
    };

    std::vector<candidate> order_for(upstream_request const& request) const;
    std::size_t decisive_of(std::vector<candidate> const& order) const;
    // `again`: after the same request has failed there a moment ago.
    task<result<upstream_response>> attempt(worker& w, endpoint& e, upstream_request const& request, bool again,
                                            deadline d);
    task<result<upstream_response>> ask(worker& w, endpoint& e, endpoint_health::permit& allowed,
                                        upstream_request const& request, bool again, deadline d);
    result<upstream_response> give(followed_answer got, endpoint& e, upstream_request const& request) const;
    task<result<std::vector<fair_queue::place>>> queue(worker& w, upstream_request const& request, deadline d);
    std::optional<pull_budget> budget() const;

    upstream_config const config;
    upstream_counters& counters;
    clock_source const clock;
    net::ssl::context tls;
    credentials login;
    token_source tokens;
    std::vector<std::unique_ptr<http_client>> clients; // by worker; each is used on its thread only
    std::vector<std::unique_ptr<endpoint>> endpoints;  // in the order of the configuration
    std::shared_ptr<fair_queue> const blobs, others;   // apart: downloads of minutes shall keep no question waiting
    std::shared_ptr<pacer> const pace;
    // One place while the budget is scarce.
    std::shared_ptr<fair_queue> const pulls = std::make_shared<fair_queue>(fair_queue::unlimited);
};

namespace {

wire_request to_wire(upstream_request const& request, endpoint_config const& endpoint) {
    wire_request wire;
    wire.method = request.method;
    wire.to = {origin_of(endpoint), endpoint.path + "/v2/" + request.repo.name() + "/" + request.path};
    wire.accept = request.accept;
    wire.range_first = request.range_first;
    wire.range_last = request.range_last;
    return wire;
}

error denied_by(std::string const& endpoint, unsigned status) {
    return {oci::errc::denied, error_source::upstream, retry_class::next_endpoint, 403,
            fmt::format("{} denies access ({})", endpoint, status)};
}

request_class class_of(upstream_request const& request) {
    if (request.path.starts_with("blobs/"))
        return request_class::blob;
    bool const manifest = request.path.starts_with("manifests/");
    return manifest && request.method == http_method::get ? request_class::pull : request_class::other;
}

// What may take minutes. Who asks for no more than a byte of a blob wants to know something about it.
bool is_download(upstream_request const& request) {
    bool const asks =
        request.method == http_method::head || (request.range_last && request.range_last == request.range_first);
    return class_of(request) == request_class::blob && !asks;
}

std::optional<pull_budget> budget_of(answer const& a) {
    return parse_pull_budget(a.field("RateLimit-Limit"), a.field("RateLimit-Remaining"));
}

// Whom a limit of an account concerns, if not layerd itself.
struct limited_account {
    login_limits& all;
    client_login::ptr whose;
};

// The error for an answer that is none. One that limits us keeps those after it away too; one that limits a client's
// account that client alone. A status counts once, however often one request meets it: one repository that is broken
// is not to close a registry.
task<error> failure(followed_answer& got, endpoint_health::permit& allowed, limited_account const& account,
                    std::string const& name, bool again, deadline d) {
    constexpr std::size_t most_of_text = 16 * 1024;
    auto& a = *got.last;
    auto const status = a.status();
    auto const wait = parse_retry_after(a.field("Retry-After"), std::time(nullptr));
    auto const budget = budget_of(a);
    auto e = failed_answer(status, name);
    if (status != 429 && (status != 503 || !wait)) {
        co_await a.discard(d);
        if (again && !allowed.is_probe())
            allowed.let_be();
        co_return e;
    }
    auto text = co_await a.read_all(most_of_text, d);
    auto const kind = status == 429 ? judge_limit(text ? *text : std::string(), budget) : limit_kind::requests;
    if (kind == limit_kind::pulls && account.whose && !got.away) {
        allowed.succeeded();
        e.retry_after = account.all.rest(account.whose->id(), wait);
        co_return e;
    }
    e.retry_after = got.away ? allowed.limited_elsewhere(wait) : allowed.limited(kind, wait);
    co_return e;
}

} // namespace

// In the order of the configuration, but after the others those whose bodies have just failed, and at the very end
// those that the asker wants last. Who stands before a trial knows nothing of it: it ends untold, for the next to try.
std::vector<upstream::state::candidate> upstream::state::order_for(upstream_request const& request) const {
    std::vector<candidate> order, behind, last;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        if (request.where.only && *request.where.only != i)
            continue;
        auto& e = *endpoints[i];
        auto const& bodies = e.health.bodies(class_of(request));
        bool const unwanted = request.where.last.has(i);
        auto const as = unwanted ? circuit_breaker::entry::refused : bodies->enter();
        auto& part = unwanted ? last : as == circuit_breaker::entry::refused ? behind : order;
        part.push_back({&e, std::make_shared<body_account>(bodies, i, as)});
    }
    order.insert(order.end(), behind.begin(), behind.end());
    order.insert(order.end(), last.begin(), last.end());
    return order;
}

// Where the last of the configuration stands in it.
std::size_t upstream::state::decisive_of(std::vector<candidate> const& order) const {
    auto const place = [](candidate const& c) { return c.account->endpoint(); };
    return static_cast<std::size_t>(std::ranges::max_element(order, {}, place) - order.begin());
}

// One endpoint, if it is worth asking; what became of it is noted.
task<result<upstream_response>> upstream::state::attempt(worker& w, endpoint& e, upstream_request const& request,
                                                         bool again, deadline d) {
    constexpr std::chrono::seconds probe_time{3}; // a client waits for it that could be told no at once
    constexpr std::chrono::seconds fair_time{1};  // less says nothing about an endpoint
    bool const counted = request.as && class_of(request) == request_class::pull;
    if (auto const wait = counted ? e.accounts.left(request.as->id()) : std::chrono::seconds(0); wait.count() > 0) {
        auto limited = upstream_error(503, e.at.to_string() + " limits how often this login may pull");
        limited.retry_after = wait;
        co_return limited;
    }
    auto allowed = e.health.enter(class_of(request));
    if (!allowed)
        co_return allowed.error();
    auto const limit = allowed->is_probe() ? d.within(probe_time) : d;
    bool const fair = limit.left() >= fair_time;
    auto got = co_await ask(w, e, *allowed, request, again, limit);
    if (!got && is_overload(got.error()))
        co_return got; // of our own
    bool const unavailable = !got && got.error().code == oci::errc::unavailable;
    if (unavailable) {
        counters.errors.fetch_add(1, std::memory_order_relaxed);
        spdlog::debug("{}: {}", config.name, got.error().message);
    }
    if (allowed->is_told())
        co_return got;
    if (unavailable && got.error().retry_after.count() > 0)
        co_return got; // a token server's limit says nothing about the endpoint
    if (!unavailable)
        allowed->succeeded();
    else if (got.error().status != 504)
        allowed->failed(failure_kind::quick, got.error().message);
    else if (fair) {
        e.silent_at = clock();
        allowed->failed(failure_kind::slow, got.error().message);
    }
    co_return got;
}

// A refusal that may be the fault of our login or of a URL's age.
error in_doubt(error e) {
    e.doubtful = true;
    return e;
}

// Registries that follow RFC 6750 §3.1 say so if a token is good, and the account may not read this.
bool is_for_want_of_scope(std::string_view challenges) {
    auto const all = oci::parse_challenges(challenges);
    return std::ranges::any_of(all, [](auto const& c) { return c.param("error") == "insufficient_scope"; });
}

// The token dance at one endpoint. The answer to a 401 is tried once, and so is a new redirect after one that led to a
// refusal: signed URLs have a short life.
task<result<upstream_response>> upstream::state::ask(worker& w, endpoint& e, endpoint_health::permit& allowed,
                                                     upstream_request const& request, bool again, deadline d) {
    auto& client = *clients.at(w.index());
    auto const name = e.at.to_string();
    auto wire = to_wire(request, e.at);
    wire.distrusted = allowed.is_probe() ? clock() : e.silent_at.load(); // also what other workers have kept
    token_user user{w, client, wire.to.at, request.repo, request.as};
    auto const policy = request.follow_redirects ? redirects::follow : redirects::answer;
    wire.authorization = co_await tokens.current(user, d);
    bool may_follow_again = request.method == http_method::get; // others they are not signed for
    for (bool may_ask_again = true;;) {
        auto got = co_await send_following(client, wire, policy, d);
        if (!got)
            co_return got.error();
        if (auto const budget = budget_of(*got->last); budget && !got->away && !request.as)
            e.health.saw(*budget);
        auto const status = got->last->status();
        auto const means = is_redirect(status) ? verdict::answer : judge(status); // one that was not to be followed
        if (means == verdict::answer)
            co_return give(std::move(*got), e, request);
        if (means == verdict::failed) {
            limited_account const account{e.accounts, request.as};
            auto failed = co_await failure(*got, allowed, account, name, again, d);
            co_return failed;
        }

        auto const challenges = got->last->all_fields("WWW-Authenticate");
        co_await got->last->discard(d);
        if (got->away && std::exchange(may_follow_again, false))
            continue;
        if (got->away && request.method == http_method::get) {
            allowed.let_be();
            co_return upstream_error(502, fmt::format("{} leads to where we are refused ({})", name, status));
        }
        // A realm counts only if the registry itself names it.
        if (got->away)
            co_return in_doubt(denied_by(name, status));
        if (means == verdict::denied)
            co_return denied_by(name, status);
        if (!may_ask_again && is_for_want_of_scope(challenges))
            co_return denied_by(name, status);
        if (!std::exchange(may_ask_again, false))
            co_return in_doubt(denied_by(name, status));
        user.deepest = client.depth_of(*got->last);
        auto next = co_await tokens.answer(user, challenges, wire.authorization.text(), d);
        if (!next)
            co_return next.error();
        wire.authorization = std::move(*next);
    }
}

result<upstream_response> upstream::state::give(followed_answer got, endpoint& e,
                                                upstream_request const& request) const {
    if (got.last->status() == 206) { // what another part than the one asked for would do to a blob
        auto const range = oci::parse_content_range(got.last->field("Content-Range"));
        bool const beyond = range && request.range_last && range->range.last > *request.range_last;
        if (!range || range->range.first != request.range_first || beyond)
            return upstream_error(502, e.at.to_string() + " answered with another part than asked for");
    }
    auto s = std::make_unique<upstream_response::state>(config.idle_timeout);
    s->last = std::move(got.last);
    s->endpoint = e.at.to_string();
    s->counters = &counters;
    s->pace = pace;
    s->waits_its_turn = class_of(request) == request_class::blob;
    return upstream_response(std::move(s));
}

std::optional<pull_budget> upstream::state::budget() const {
    std::optional<pull_budget> least;
    for (auto const& e : endpoints) {
        auto const told = e->health.budget();
        if (told && (!least || told->share_left() < least->share_left()))
            least = told;
    }
    return least;
}

// The turn of this request's client, where there is a queue.
task<result<std::vector<fair_queue::place>>> upstream::state::queue(worker& w, upstream_request const& request,
                                                                    deadline d) {
    std::vector<std::shared_ptr<fair_queue>> wanted;
    if (class_of(request) == request_class::pull) {
        pulls->resize(is_scarce(budget()) ? 1 : fair_queue::unlimited);
        wanted.push_back(pulls); // first: who waits for a pull keeps nobody from a tag
    }
    wanted.push_back(is_download(request) ? blobs : others);
    std::vector<fair_queue::place> taken;
    for (auto const& q : wanted) {
        auto place = co_await q->enter(w, request.client, d);
        if (!place) {
            auto e = upstream_error(503, "too many requests wait for " + config.name);
            e.retry_after = std::chrono::seconds(1);
            co_return e;
        }
        taken.push_back(std::move(*place));
    }
    co_return taken;
}

upstream::upstream(upstream_config config, std::vector<worker*> workers, upstream_counters& counters)
    : upstream(std::move(config), std::move(workers), counters, &steady_clock::now) {}

upstream::upstream(upstream_config config, std::vector<worker*> workers, upstream_counters& counters, clock_source now,
                   client_network around)
    : state_(std::make_unique<state>(std::move(config), workers, counters, std::move(now), std::move(around))) {}

upstream::~upstream() = default;

upstream_counters const& upstream::counted() const noexcept {
    return state_->counters;
}

void upstream::note_revalidation(bool moved) noexcept {
    state_->counters.add_revalidation(moved);
}

upstream_config const& upstream::config() const noexcept {
    return state_->config;
}

std::vector<endpoint_report> upstream::endpoints() const {
    std::vector<endpoint_report> all;
    for (auto const& e : state_->endpoints)
        all.push_back(e->health.report());
    return all;
}

std::size_t upstream::waiting() const {
    return state_->blobs->waiting() + state_->others->waiting() + state_->pulls->waiting();
}

std::optional<pull_budget> upstream::budget() const {
    return state_->budget();
}

task<result<upstream_response>> upstream::open(worker& w, upstream_request request, deadline d) {
    constexpr milliseconds first_pause{200};
    auto& s = *state_;
    if (s.endpoints.empty())
        co_return upstream_error(502, s.config.name + " has no endpoint");
    auto const limit = d.within(s.config.first_byte_timeout);
    auto places = co_await s.queue(w, request, limit);
    if (!places)
        co_return places.error();
    // Shared, for an attempt that lost a race may outlive this, and is under way as long.
    auto const held = std::make_shared<std::vector<fair_queue::place> const>(std::move(*places));
    auto const asked = std::make_shared<upstream_request const>(std::move(request));
    auto const order = s.order_for(*asked);
    if (order.empty())
        co_return upstream_error(502, s.config.name + " has no such endpoint");
    auto const decisive = s.decisive_of(order);
    for (unsigned round = 0;; ++round) {
        endpoint_attempt const attempt = [&s, &w, asked, held, order, again = round > 0](
                                             std::size_t i, deadline until) -> task<result<upstream_response>> {
            auto got = co_await s.attempt(w, *order[i].at, *asked, again, until);
            if (got) {
                got->state_->account = order[i].account;
                got->state_->has_fallback = order.size() > 1;
            }
            co_return got;
        };
        auto raced = co_await ask_in_order(w, order.size(), decisive, attempt, s.config.hedge_after, limit);
        if (raced.got) {
            raced.got->state_->places = held;
            co_return std::move(raced.got);
        }
        auto const pause = std::chrono::duration_cast<milliseconds>(spread() * (first_pause * (1u << round)));
        if (!raced.worth_repeating || round == s.config.retries || limit.left() <= pause) {
            auto last = raced.got.error();
            if (last.retry == retry_class::fresh_connection)
                last.retry = retry_class::next_endpoint;
            co_return last;
        }
        co_await wait_for(pause);
    }
}

} // namespace proxy
