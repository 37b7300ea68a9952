#include "proxy/upstream/token_source.h"

#include "proxy/upstream/realm_trust.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace proxy {

namespace {

// How long a Basic value is reused before the password file is looked at again.
constexpr seconds basic_life{60};

error denied(std::string message) {
    return {oci::errc::denied, error_source::upstream, retry_class::next_endpoint, 403, std::move(message)};
}

} // namespace

token_source::token_source(credentials& login, std::vector<std::string> token_hosts, clock_source now)
    : login_(login), token_hosts_(std::move(token_hosts)), now_(std::move(now)) {}

std::string token_source::key_of(token_user const& user) const {
    return user.registry.to_string() + " " + user.repo.name();
}

task<std::string> token_source::current(token_user user, deadline d) {
    auto const now = now_();
    auto known = grants_.find(key_of(user), now);
    if (!known)
        known = grants_.find(user.registry.to_string(), now); // Basic serves all repositories
    if (!known)
        co_return std::string();
    if (!known->due(now) || !known->renewal)
        co_return known->authorization;
    auto renewed = co_await fetch_shared(user, *known->renewal, d);
    co_return renewed ? *renewed : known->authorization;
}

task<result<std::string>> token_source::answer(token_user user, std::string_view challenges, std::string_view refused,
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

task<result<std::string>> token_source::answer_bearer(token_user user, oci::challenge const& c,
                                                      std::string_view refused, deadline d) {
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

result<std::string> token_source::answer_basic(token_user const& user, std::string_view refused) {
    auto const key = user.registry.to_string();
    auto const value = login_.basic();
    if (!value)
        return denied(key + " asks for a password, and none is configured");
    grants_.drop(key, refused);
    if (*value == refused)
        return denied(key + " refuses the configured password");
    auto const now = now_();
    grants_.put(key, {*value, {}, now + basic_life, now + basic_life}, now);
    return *value;
}

// Joins or starts the fetch. One that ran out of its starter's time says nothing about ours.
task<result<std::string>> token_source::fetch_shared(token_user user, token_request request, deadline d) {
    auto const key = key_of(user);
    auto* const client = &user.client;
    std::function<task<result<std::string>>()> const work = [this, key, client, request,
                                                             d]() -> task<result<std::string>> {
        auto fresh = co_await fetch(*client, request, d);
        if (!fresh)
            co_return fresh.error();
        grants_.put(key, *fresh, now_());
        co_return fresh->authorization;
    };
    for (;;) {
        auto got = co_await flights_.run(user.on, key, work);
        bool const out_of_anothers_time = !got.value && got.shared && got.value.error().status == 504 && !d.passed();
        if (!out_of_anothers_time)
            co_return std::move(got.value);
    }
}

task<result<grant>> token_source::fetch(http_client& client, token_request const& request, deadline d) {
    wire_request wire;
    wire.to = request.url();
    wire.authorization = login_.basic().value_or("");
    wire.accept = "application/json";
    auto const asked_at = now_();
    auto got = co_await client.send(wire, d);
    if (!got)
        co_return got.error();
    auto const status = (*got)->status();
    auto const where = request.realm.at.to_string();
    if (status == 200) {
        auto body = co_await (*got)->read_all(token::max_answer_size, d);
        if (!body)
            co_return body.error();
        auto issued = parse_token(*body);
        if (!issued)
            co_return issued.error();
        co_return granted(request, std::move(*issued), asked_at);
    }
    co_await (*got)->discard(d);
    if (status == 400 || status == 401 || status == 403)
        co_return denied(fmt::format("token server {} refuses us ({})", where, status));
    co_return upstream_error(502, fmt::format("token server {} answered {}", where, status));
}

} // namespace proxy
