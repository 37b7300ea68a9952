#include "proxy/upstream/token_source.h"

#include "proxy/upstream/rate_limit.h"
#include "proxy/upstream/realm_trust.h"
#include "proxy/upstream/redirects.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <ctime>

namespace proxy {

namespace {

// How long a registry is known to want Basic before it is asked without again.
constexpr seconds basic_life{60};

constexpr int max_token_redirects = 3;

// Whatever it is that is refused, the registry has not been asked for it.
error denied(std::string message) {
    error e{oci::errc::denied, error_source::upstream, retry_class::next_endpoint, 403, std::move(message)};
    e.doubtful = true;
    return e;
}

// Names what is granted. The id comes first and holds no blank, so that nobody's key can be made to look like
// another's.
std::string whose(token_user const& user) {
    return (user.as ? user.as->id() : "layerd") + " " + user.registry.to_string();
}

error limited(std::string const& where, seconds wait) {
    auto e = upstream_error(503, fmt::format("token server {} limits how often it may be asked", where));
    e.retry_after = wait;
    return e;
}

std::string key_of(token_user const& user) {
    return whose(user) + " " + user.repo.name();
}

} // namespace

token_source::token_source(credentials& login, origin home, std::vector<std::string> token_hosts, clock_source now)
    : login_(login), home_(std::move(home)), token_hosts_(std::move(token_hosts)), now_(std::move(now)), limits_(now_) {
}

std::optional<secret> token_source::basic(client_login::ptr const& as, origin const& registry) {
    if (!is_trusted_realm(registry, home_, token_hosts_))
        return {};
    if (!as)
        return login_.basic();
    if (as->is_anonymous())
        return {};
    return secret(as->authorization());
}

task<secret> token_source::current(token_user user, deadline d) {
    auto const now = now_();
    auto known = grants_.find(key_of(user), now);
    if (!known)
        known = grants_.find(whose(user), now); // Basic serves all repositories
    if (!known)
        co_return secret();
    if (known->authorization.empty())
        co_return basic(user.as, user.registry).value_or(secret());
    if (!known->due(now) || !known->renewal)
        co_return known->authorization;
    user.deepest = known->deepest;
    auto renewed = co_await fetch_shared(user, *known->renewal, d);
    co_return renewed ? *renewed : known->authorization;
}

task<result<secret>> token_source::answer(token_user user, std::string_view challenges, std::string_view refused,
                                          deadline d) {
    auto const all = oci::parse_challenges(challenges);
    auto const with_scheme = [&](std::string_view scheme) {
        return std::ranges::find(all, scheme, &oci::challenge::scheme);
    };
    if (auto bearer = with_scheme("bearer"); bearer != all.end())
        co_return co_await answer_bearer(user, *bearer, refused, d);
    if (with_scheme("basic") != all.end())
        co_return answer_basic(user, refused);
    co_return denied(user.registry.to_string() + " refuses us without a challenge that we can answer");
}

task<result<secret>> token_source::answer_bearer(token_user user, oci::challenge const& c, std::string_view refused,
                                                 deadline d) {
    auto request = parse_bearer(c, user.repo);
    if (!request)
        co_return request.error();
    if (!is_trusted_realm(request->realm.at, user.registry, token_hosts_)) {
        auto const where = request->realm.at.to_string();
        spdlog::warn("{} names {} as its token server, which is not trusted: list its host in token_hosts if it is",
                     user.registry.to_string(), where);
        co_return denied(fmt::format("token server {} of {} is not trusted", where, user.registry.to_string()));
    }
    auto const key = key_of(user);
    grants_.drop(key, refused);
    if (auto newer = grants_.find(key, now_()))
        co_return newer->authorization; // another user was faster
    co_return co_await fetch_shared(user, std::move(*request), d);
}

result<secret> token_source::answer_basic(token_user const& user, std::string_view refused) {
    auto const key = whose(user);
    auto const where = user.registry.to_string();
    auto const value = basic(user.as, user.registry);
    if (!value)
        return denied(where + " asks for a password, and there is none for it");
    if (*value == refused) {
        grants_.drop(key, {});
        return denied(where + " refuses the password");
    }
    auto const now = now_();
    grants_.put(key, {{}, {}, now + basic_life, now + basic_life}, now);
    return *value;
}

// Joins or starts the fetch.
task<result<secret>> token_source::fetch_shared(token_user user, token_request request, deadline d) {
    auto const key = key_of(user);
    auto* const client = &user.client;
    challenger const by{user.registry, user.deepest};
    std::function<task<result<secret>>()> const work = [this, key, client, as = user.as, by, request,
                                                        d]() -> task<result<secret>> {
        auto fresh = co_await fetch(*client, as, by, request, d);
        if (!fresh)
            co_return fresh.error();
        grants_.put(key, *fresh, now_());
        co_return fresh->authorization;
    };
    auto answer = co_await flights_.run_by(user.on, key, work, d);
    co_return std::move(answer.value);
}

// The answer that is no redirect. A token server may lead to another that is trusted like itself, and the password goes
// along: it is for whoever gives the tokens.
task<result<std::unique_ptr<proxy::answer>>> token_source::ask(http_client& client, wire_request wire,
                                                               challenger const& by, deadline d) {
    auto deepest = by.deepest;
    for (int hops = 0; hops <= max_token_redirects; ++hops) {
        wire.deepest = is_listed_realm(wire.to.at, token_hosts_) ? network_depth::machine : deepest;
        auto got = co_await client.send(wire, d);
        if (!got || !is_redirect((*got)->status()))
            co_return std::move(got);
        deepest = std::min(deepest, client.depth_of(**got));
        auto const next = redirect_target(**got, wire.to);
        co_await (*got)->discard(d);
        if (!next)
            co_return next.error();
        if (!is_trusted_realm(next->at, by.registry, token_hosts_)) {
            auto const here = wire.to.at.to_string(), there = next->at.to_string();
            spdlog::warn("token server {} leads to {}, which is not trusted: list its host in token_hosts if it is",
                         here, there);
            co_return denied(fmt::format("token server {} leads to {}, which is not trusted", here, there));
        }
        wire.to = *next;
    }
    co_return upstream_error(502, "token server " + wire.to.at.to_string() + " redirects without end");
}

task<result<grant>> token_source::fetch(http_client& client, client_login::ptr as, challenger const& by,
                                        token_request const& request, deadline d) {
    constexpr seconds untold{5}; // of a limit without a time
    auto const where = request.realm.at.to_string();
    auto const who = (as ? as->id() : "layerd") + " " + where;
    if (auto const wait = limits_.left(who); wait.count() > 0)
        co_return limited(where, wait);
    wire_request wire;
    wire.to = request.url();
    if (auto value = basic(as, by.registry))
        wire.authorization = std::move(*value);
    wire.accept = "application/json";
    auto const asked_at = now_();
    auto got = co_await ask(client, wire, by, d);
    if (!got)
        co_return got.error();
    auto const status = (*got)->status();
    if (status == 200) {
        auto body = co_await (*got)->read_all(token::max_answer_size, d);
        if (!body)
            co_return body.error();
        wiped_at_end const read(*body);
        auto issued = parse_token(*body);
        if (!issued)
            co_return issued.error();
        auto fresh = granted(request, std::move(*issued), asked_at);
        fresh.deepest = by.deepest;
        co_return fresh;
    }
    auto const wait = parse_retry_after((*got)->field("Retry-After"), std::time(nullptr));
    co_await (*got)->discard(d);
    if (status == 429 || (status == 503 && wait))
        co_return limited(where, limits_.rest(who, wait.value_or(untold)));
    if (status == 400 || status == 401 || status == 403)
        co_return denied(fmt::format("token server {} refuses us ({})", where, status));
    co_return upstream_error(502, fmt::format("token server {} answered {}", where, status));
}

} // namespace proxy
