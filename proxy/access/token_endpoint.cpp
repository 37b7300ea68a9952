#include "proxy/access/token_endpoint.h"

#include "proxy/basic_login.h"
#include "proxy/wipe.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace proxy {
namespace {

constexpr std::string_view path = "/token";

error unauthorized(std::string why) {
    return from_oci({oci::errc::unauthorized, std::move(why)});
}

error malformed(std::string why) {
    return {oci::errc::unsupported, error_source::client, retry_class::never, 400, std::move(why)};
}

bool is_form(exchange const& x) {
    return x.req().method() == boost::beast::http::verb::post;
}

// RFC 3339.
std::string timestamp(std::int64_t unix_seconds) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

} // namespace

bool token_endpoint::is_at(std::string_view target) noexcept {
    return target.starts_with(path) && (target.size() == path.size() || target[path.size()] == '?');
}

task<result<token_question>> token_endpoint::read(exchange& x) {
    if (!is_form(x))
        co_return parse_token_question(x.req().target());
    x.body().come_within(form_time);
    auto body = co_await x.body().read(max_form);
    if (!body)
        co_return body.error();
    auto target = std::string(path) + "?" + *body;
    wipe(*body);
    wiped_at_end const wiped(target);
    co_return parse_token_question(target);
}

// The name that a client asks by may mean any upstream's repository (the token's request has no "ns"), and a token for
// nothing does no harm.
bool token_endpoint::may_anywhere(caller const& who, scope const& s, action a) const {
    auto const& rules = who_.rules();
    auto const& name = s.repositories.text();
    auto repo = oci::repository::parse(name);
    if (!repo)
        return false;
    auto const t = upstreams_.resolve({{}, *std::move(repo), {}, {}});
    if (t && (!t->from || rules.allow(who, a, t->name)))
        return rules.allow(who, a, t->name);
    auto const& names = upstreams_.names();
    return std::ranges::any_of(names, [&](std::string const& u) { return rules.allow(who, a, u + "/" + name); });
}

// Whether who shows nothing would get all of it.
bool token_endpoint::is_for_anybody(exchange& x, token_question const& q) const {
    caller const nobody{authenticator::of_peer(x.from()), x.from().address};
    auto const open = [&](scope const& s) {
        for (auto const a : {action::pull, action::push, action::remove})
            if (s.has(a) && !may_anywhere(nobody, s, a))
                return false;
        return true;
    };
    return !q.asked.items.empty() && std::ranges::all_of(q.asked.items, open);
}

task<result<identity_ptr>> token_endpoint::find_out(exchange& x, token_question const& q) {
    auto const kind = q.field("grant_type");
    if (is_form(x) && kind == "refresh_token")
        co_return who_.renew(q.field("refresh_token"));
    if (is_form(x) && kind != "password")
        co_return malformed("grant_type must be password or refresh_token");
    auto who = result<identity_ptr>(authenticator::of_peer(x.from()));
    if (is_form(x)) {
        basic_login login{std::string(q.field("username")), secret(std::string(q.field("password"))), {}};
        who = co_await who_.log_in(x.local(), std::move(login), x.from());
    } else {
        who = co_await who_.identify(x.local(), x.req().header(http_field::authorization), x.from());
    }
    if (who && !(*who)->is_login)
        co_return unauthorized("the token is for requests: it is not exchanged for another");
    if (who)
        co_return who;
    bool const wrong = who.error().code == oci::errc::unauthorized;
    if (wrong)
        x.local().counters.failed_logins.add();
    if (wrong && is_for_anybody(x, q))
        co_return authenticator::of_peer(x.from());
    co_return who.error();
}

result<std::string> token_endpoint::answer_for(identity const& who, token_question const& q) {
    auto const now = who_.now();
    auto const end = who.until != 0 ? who.until : std::numeric_limits<std::int64_t>::max();
    auto const until = std::min(now + settings_.token_ttl.count(), end);
    auto const* issuer = who_.issuer_config(who.issuer);
    auto const issuer_url = issuer != nullptr ? issuer->issuer : std::string();
    access_token t{token_use::access, who, now, until, issuer_url};
    t.who.asked = q.asked;
    auto const signer = who_.signer();
    if (!signer)
        return signer.error();
    auto text = (*signer)->sign(t);
    if (!text)
        return text.error();
    boost::json::object o{
        {"token", *text}, {"access_token", *text}, {"expires_in", until - now}, {"issued_at", timestamp(now)}};
    // An issuer's token lives for minutes, a job for longer: what it proved once can be renewed. A password can be
    // shown again, so nothing is given that would outlive its change.
    if (q.wants_renewal && issuer != nullptr) {
        access_token const renewal{token_use::renewal, who, now, std::min(now + issuer->session.count(), end),
                                   issuer_url};
        auto refresh = (*signer)->sign(renewal);
        if (!refresh)
            return refresh.error();
        o["refresh_token"] = *refresh;
    }
    return boost::json::serialize(o);
}

// A client without a login is better told so here than by each request.
bool token_endpoint::is_useless_to(caller const& who, token_question const& q) const {
    if (!who.who->is_anonymous())
        return false;
    auto const opens = [&](scope const& s) {
        return std::ranges::any_of(std::initializer_list<action>{action::pull, action::push, action::remove},
                                   [&](action a) { return s.has(a) && may_anywhere(who, s, a); });
    };
    return q.asked.items.empty() ? !who_.rules().may_allow(who, action::pull)
                                 : std::ranges::none_of(q.asked.items, opens);
}

task<result<void>> token_endpoint::handle(exchange& x) {
    if (!who_.rules().exist())
        co_return from_oci({oci::errc::name_unknown, "this registry asks for no login"});
    if (!x.req().is_get() && x.req().method() != boost::beast::http::verb::post)
        co_return from_oci({oci::errc::unsupported, "tokens are got with GET or POST"});
    auto q = co_await read(x);
    if (!q)
        co_return q.error();
    auto who = co_await find_out(x, *q);
    if (!who)
        co_return who.error();
    if (is_useless_to({*who, x.from().address}, *q))
        co_return unauthorized("log in: nothing of this is open to everybody");
    auto const body = answer_for(**who, *q);
    if (!body)
        co_return body.error();
    auto head = x.begin(200);
    head.field("Content-Type", "application/json")
        .field("Cache-Control", "no-store")
        .field("Cache-Status", "layerd; detail=local");
    co_return co_await x.reply(head, *body);
}

} // namespace proxy
