#include "proxy/access/authenticator.h"

#include "proxy/access/oidc_claims.h"
#include "proxy/upstream/credentials.h"

#include <algorithm>

namespace proxy {
namespace {

error unauthorized(std::string why) {
    return from_oci({oci::errc::unauthorized, std::move(why)});
}

constexpr std::int64_t proved_life = 300; // seconds: an issuer may take its key back before its token ends

error other_claims() {
    return unauthorized("the rules have changed since this token was made: log in again");
}

// Of each thread its own: threads that count references to one would wait for each other's caches.
identity_ptr anonymous() {
    thread_local identity_ptr const nobody = std::make_shared<identity const>();
    return nobody;
}

} // namespace

authenticator::authenticator(config const& c, std::unique_ptr<password_check> passwords,
                             std::function<std::int64_t()> now)
    : issuer_configs_(c.access.issuers), passwords_(std::move(passwords)), now_(std::move(now)), key_(c) {}

result<std::unique_ptr<authenticator>> authenticator::open(config const& c, worker& home, disk_pool& disk,
                                                           unsigned password_threads, std::function<std::int64_t()> now,
                                                           clock_source ticks) {
    auto passwords = password_check::open(password_path(c.access.htpasswd_file), password_threads, ticks);
    if (!passwords)
        return passwords.error();
    std::unique_ptr<authenticator> made(new authenticator(c, *std::move(passwords), std::move(now)));
    if (auto set = made->set_rules(c); !set)
        return set.error();
    for (auto const& each : c.access.issuers)
        made->issuers_.push_back(std::make_unique<oidc_issuer>(each, home, disk, ticks));
    return made;
}

result<void> authenticator::set_rules(config const& c) {
    std::lock_guard const lock(mutex_);
    if (!c.access.is_open())
        if (auto opened = key_.open(); !opened)
            return opened.error();
    all_rules_.push_back(std::make_unique<access_rules const>(c.access));
    rules_.store(all_rules_.back().get(), std::memory_order_release);
    return {};
}

oidc_config const* authenticator::issuer_config(std::string_view name) const noexcept {
    auto const at = std::ranges::find(issuer_configs_, name, &oidc_config::name);
    return at == issuer_configs_.end() ? nullptr : &*at;
}

identity_ptr authenticator::of_peer(peer const& from) {
    return from.certificate ? from.certificate : anonymous();
}

task<result<identity_ptr>> authenticator::identify(worker_local& local, std::string_view authorization,
                                                   peer const& from) {
    if (authorization.empty())
        co_return of_peer(from);
    if (auto const token = credentials_of("Bearer", authorization))
        co_return co_await by_token(local, *token);
    auto login = parse_basic(authorization);
    if (!login)
        co_return unauthorized("the Authorization field holds neither a user name with a password nor a token");
    if (login->is_empty())
        co_return of_peer(from);
    co_return co_await log_in(local, *std::move(login), from);
}

task<result<identity_ptr>> authenticator::log_in(worker_local& local, basic_login login, peer const& from) {
    if (looks_like_token(login.password.text())) {
        auto who = co_await by_token(local, login.password.text());
        if (who && !(*who)->is_login)
            co_return unauthorized("the token is for requests, and no password");
        // Of an issuer's token the user's name is whatever the client had to fill in; ours is for one user.
        bool const other = who && (*who)->issuer.empty() && !(*who)->is_anonymous() && (*who)->user != login.user;
        if (other)
            co_return unauthorized("the token is another user's than the name that came with it");
        co_return who;
    }
    if (!is_user_name(login.user)) // a form may name one with a colon, as issuers' users have it
        co_return unauthorized("the user name or the password is wrong");
    auto const verdict = co_await passwords_->check(local.home, login.user, login.password, from.client);
    if (!verdict)
        co_return verdict.error();
    if (*verdict == password_verdict::wrong)
        co_return unauthorized("the user name or the password is wrong");
    identity who;
    who.user = std::move(login.user);
    co_return std::make_shared<identity const>(std::move(who));
}

// Rules may ask for claims that were of no interest when a token was made. A rule that denies must not miss one.
bool authenticator::knows_enough(identity const& who) const {
    return who.issuer.empty() || std::ranges::includes(who.claims_known, rules().claims());
}

result<access_token> authenticator::own_token(unverified_token t) const {
    auto const signer = key_.signer();
    if (!signer)
        return signer.error();
    auto ours = (*signer)->verify(std::move(t), now_());
    if (!ours || ours->who.issuer.empty())
        return ours;
    auto const* issuer = issuer_config(ours->who.issuer);
    if (issuer == nullptr || issuer->issuer != ours->issuer_url) // another may have its name now
        return unauthorized("the token was made on the word of an issuer that is not known here: log in again");
    return ours;
}

task<result<identity_ptr>> authenticator::by_token(worker_local& local, std::string_view token) {
    auto const now = now_();
    auto const key = token_cache::key_of(token);
    local.tokens_proved.keep_those_of(key_.generation());
    if (auto known = local.tokens_proved.find(key, now); known && knows_enough(*known))
        co_return known;
    auto parsed = unverified_token::parse(token);
    if (!parsed)
        co_return parsed.error();
    if (parsed->issuer() == token_signer::issuer) {
        auto ours = own_token(*std::move(parsed));
        if (!ours)
            co_return ours.error();
        if (ours->use == token_use::renewal)
            co_return unauthorized("the token is for the token endpoint");
        if (!knows_enough(ours->who))
            co_return other_claims();
        auto who = std::make_shared<identity const>(std::move(ours->who));
        local.tokens_proved.put(key, who, ours->expires_at, now);
        co_return who;
    }
    auto const at =
        std::ranges::find_if(issuers_, [&](auto const& i) { return i->config().issuer == parsed->issuer(); });
    if (at == issuers_.end())
        co_return unauthorized("the token is of an issuer that is not known here");
    auto claims = co_await (*at)->verify(*std::move(parsed));
    if (!claims)
        co_return claims.error();
    auto bearer = read_bearer(*claims, (*at)->config(), rules().claims(), now);
    if (!bearer)
        co_return bearer.error();
    auto who = std::make_shared<identity const>(std::move(bearer->who));
    local.tokens_proved.put(key, who, std::min(bearer->expires_at, now + proved_life), now);
    co_return who;
}

result<identity_ptr> authenticator::renew(std::string_view token) const {
    auto parsed = unverified_token::parse(token);
    if (!parsed)
        return parsed.error();
    auto ours = own_token(*std::move(parsed));
    if (!ours)
        return ours.error();
    if (ours->use == token_use::access)
        return unauthorized("the token is for requests, not for renewal");
    if (!knows_enough(ours->who))
        return other_claims();
    return std::make_shared<identity const>(std::move(ours->who));
}

} // namespace proxy
