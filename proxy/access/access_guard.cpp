#include "proxy/access/access_guard.h"

#include "proxy/basic_login.h"
#include "proxy/http/login_challenge.h"

#include <fmt/format.h>

#include <algorithm>

namespace proxy {
namespace {

using verb = boost::beast::http::verb;

action action_of(request const& r, oci::endpoint const& e) {
    bool const upload =
        std::holds_alternative<oci::upload_start_endpoint>(e) || std::holds_alternative<oci::upload_endpoint>(e);
    if (upload)
        return action::push; // also of who only asks how far it is, or gives it up
    if (r.is_get() || r.is_head())
        return action::pull;
    return r.method() == verb::delete_ ? action::remove : action::push;
}

// What a client should ask a token for; who pushes looks first at what is there.
std::string scope_for(action a, std::string_view repository) {
    return fmt::format(",scope=\"repository:{}:{}\"", repository, a == action::push ? "pull,push" : to_string(a));
}

error denied(std::string_view user, action a, std::string_view repository) {
    auto const who = user.empty() ? std::string("who is not logged in") : fmt::format("{}", user);
    return from_oci({oci::errc::denied, repository.empty()
                                            ? fmt::format("{} may not do this", who)
                                            : fmt::format("{} may not {} {}", who, to_string(a), repository)});
}

// Some clients send a user name and a password that are both empty for want of any.
bool shows_nothing(exchange const& x) {
    auto const authorization = x.req().header(http_field::authorization);
    auto const login = parse_basic(authorization);
    return authorization.empty() || (login && login->is_empty());
}

bool is_host(std::string_view text) {
    auto const fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_' || c == ':' || c == '[' || c == ']';
    };
    return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, fits);
}

} // namespace

std::string token_realm(config const& settings, request const& r, peer const& from) {
    if (!settings.server.public_url.empty())
        return settings.server.public_url + "/token";
    auto const host = r.header(http_field::host);
    if (!is_host(host))
        return {};
    return fmt::format("{}://{}/token", from.secure ? "https" : "http", host);
}

// One challenge: dockerd answers all that it is shown, and fails where it has no password for Basic beside its token.
// Basic is taken all the same.
error access_guard::challenged(exchange& x, wish w, std::string_view what, std::string why) const {
    auto const realm = token_realm(settings_, x.req(), x.from());
    if (realm.empty()) {
        x.challenge = login_challenge;
    } else {
        x.challenge = fmt::format("Bearer realm=\"{}\",service=\"{}\"", realm, token_signer::issuer);
        if (!w.repository.empty())
            x.challenge += scope_for(w.what, w.repository);
        if (!what.empty())
            x.challenge += fmt::format(",error=\"{}\"", what);
    }
    return from_oci({oci::errc::unauthorized, std::move(why)});
}

task<result<void>> access_guard::identify(exchange& x, wish w) {
    auto const authorization = x.req().header(http_field::authorization);
    auto who = co_await who_.identify(x.local(), authorization, x.from());
    if (!who && who.error().code == oci::errc::unauthorized) {
        x.local().counters.failed_logins.add();
        co_return challenged(x, w, "invalid_token", who.error().message);
    }
    if (!who)
        co_return who.error();
    x.may = rights(who_.rules(), caller{*std::move(who), x.from().address});
    co_return result<void>();
}

task<result<void>> access_guard::admit(exchange& x, oci::route const& r, repository_target const& t) {
    if (is_open())
        co_return result<void>();
    auto const what = action_of(x.req(), r.endpoint);
    wish const wanted{what, r.repo->name()};
    if (t.is_guarded()) {
        x.may = rights(who_.rules(), caller{authenticator::of_peer(x.from()), x.from().address});
    } else {
        auto known = co_await identify(x, wanted);
        if (!known)
            co_return known.error();
    }
    bool const allowed = x.may.allow(what, t.name);
    if (allowed && x.may.is_asked(what, t.name, r.repo->name()))
        co_return result<void>();
    if (!allowed)
        co_return refused(x, wanted, !t.is_guarded(), t.name);
    x.local().counters.denied.add();
    co_return challenged(x, wanted, "insufficient_scope", "the token was not made for this repository");
}

// `name` is the store's; it is told to who is known alone, for it shows which upstream a name without one leads to.
error access_guard::refused(exchange& x, wish w, bool can_log_in, std::string_view name) const {
    x.local().counters.denied.add();
    auto const user = x.may.user();
    if (!user.empty())
        return denied(user, w.what, name);
    if (can_log_in && shows_nothing(x) && who_.rules().tell_users_apart())
        return challenged(x, w, {}, fmt::format("log in to {} {}", to_string(w.what), w.repository));
    return denied(user, w.what, w.repository);
}

task<result<void>> access_guard::admit_nowhere(exchange& x, oci::route const& r) {
    if (is_open())
        co_return result<void>();
    wish const wanted{action_of(x.req(), r.endpoint), r.repo->name()};
    auto known = co_await identify(x, wanted);
    if (!known)
        co_return known.error();
    if (x.may.allow_somewhere())
        co_return result<void>();
    co_return refused(x, wanted, true, r.repo->name());
}

task<result<void>> access_guard::admit_anywhere(exchange& x) {
    if (is_open())
        co_return result<void>();
    auto known = co_await identify(x, {});
    if (!known)
        co_return known.error();
    if (shows_nothing(x) && x.may.user().empty() && who_.rules().tell_users_apart())
        co_return challenged(x, {}, {}, "log in");
    co_return result<void>();
}

task<result<void>> access_guard::admit_to_lists(exchange& x) {
    auto admitted = co_await admit_anywhere(x);
    if (admitted && !is_open() && !x.may.allow_somewhere()) {
        x.local().counters.denied.add();
        co_return denied(x.may.user(), action::pull, {});
    }
    co_return admitted;
}

task<result<void>> access_guard::admit_operator(exchange& x) {
    if (is_open())
        co_return result<void>();
    auto const failed = [&](error e) {
        x.challenge = login_challenge; // of a browser, which knows no tokens
        return e;
    };
    auto known = co_await identify(x, {});
    if (!known)
        co_return failed(known.error());
    if (x.may.allow(action::admin, {}) && !x.may.are_for_requests())
        co_return result<void>();
    x.local().counters.denied.add();
    if (x.may.are_for_requests())
        co_return failed(from_oci({oci::errc::unauthorized, "the token was made for requests to repositories"}));
    if (x.may.user().empty() && who_.rules().tell_users_apart())
        co_return failed(from_oci({oci::errc::unauthorized, "log in to administer this registry"}));
    co_return denied(x.may.user(), action::admin, {});
}

} // namespace proxy
