#include "proxy/cli/token_command.h"

#include "proxy/access/access_rules.h"
#include "proxy/access/access_token.h"
#include "proxy/access/token_key.h"
#include "proxy/config/rule_check.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <ostream>

namespace proxy {
namespace {

constexpr int done = 0, failed = 1, wrong_usage = 2;
constexpr std::chrono::hours longest{24 * 366 * 2};

int wrong(command_environment const& env, std::string_view option, std::string_view text, std::string_view why) {
    env.err << fmt::format("layerd token issue: {} \"{}\" {}\n", option, text, why);
    return wrong_usage;
}

// What the token is for and no rule would let its user do: it would be of no use, and nobody would know why.
void warn_of_missing_rules(command_environment const& env, config const& c, identity const& who) {
    access_rules const rules(c.access);
    caller const user{std::make_shared<identity const>(who), {}};
    auto const missing = [&](scope const& s) {
        for (auto const a : {action::pull, action::push, action::remove, action::admin})
            if (s.has(a) && !rules.may_allow(user, a))
                return true;
        return false;
    };
    for (auto const& s : who.limits ? who.limits->items : std::vector<scope>())
        if (auto const why = s.has(action::admin) ? std::string() : why_unreachable(s.repositories.text(), c);
            !why.empty())
            env.err << fmt::format("note: \"{}\" {}\n", s.repositories.text(), why);
    auto const may_something = [&] {
        return rules.may_allow(user, action::pull) || rules.may_allow(user, action::push) ||
               rules.may_allow(user, action::remove) || rules.may_allow(user, action::admin);
    };
    if (!rules.exist())
        env.err << "note: the configuration has no [[access.rule]], so nobody is asked for a token\n";
    else if (who.limits && std::ranges::any_of(who.limits->items, missing))
        env.err << fmt::format("note: no [[access.rule]] lets {} do all of that, wherever it comes from\n", who.user);
    else if (!who.limits && !may_something())
        env.err << fmt::format("note: no [[access.rule]] lets {} do anything\n", who.user);
}

} // namespace

int run_token_issue(token_options const& o, command_environment const& env) {
    if (!is_user_name(o.user))
        return wrong(env, "--user", o.user, "cannot name a user: printable characters without space and colon");
    auto const life = parse_duration(o.expires);
    if (!life || life->count() < 60 || *life > longest)
        return wrong(env, "--expires", o.expires, "must be a time from 1m to two years, such as 24h or 90d");
    access_token t{token_use::issued, {}, std::time(nullptr), 0};
    t.expires_at = t.issued_at + life->count();
    t.who.user = o.user;
    for (auto const& text : o.scopes) {
        auto s = parse_issued_scope(text);
        if (!s)
            return wrong(env, "--scope", text, s.error());
        if (!t.who.limits)
            t.who.limits.emplace();
        t.who.limits->items.push_back(*std::move(s));
    }
    if (o.scopes.size() > max_scopes)
        return wrong(env, "--scope", o.scopes.back(), fmt::format("is one of more than {}", max_scopes));

    auto c = default_config();
    if (!o.config_file.empty()) {
        auto loaded = load_config(o.config_file);
        if (!loaded) {
            for (auto const& p : loaded.error())
                env.err << describe(o.config_file, p) << '\n';
            return failed;
        }
        c = *std::move(loaded);
    }
    if (!o.key_file.empty())
        c.access.token_key_file = o.key_file;
    auto key = open_token_key(c);
    auto const token = key ? token_signer(key->key).sign(t) : result<std::string>(key.error());
    if (!token) {
        env.err << "layerd token issue: " << token.error().message << '\n';
        return failed;
    }
    env.out << *token << '\n';
    env.err << fmt::format("for {}, until {:%Y-%m-%d %H:%M} UTC\n", o.user, fmt::gmtime(std::time_t(t.expires_at)));
    env.err << fmt::format("signed with {}{}\n", token_key_path(c).string(),
                           key->is_new ? ", which was made just now: there was none" : "");
    if (!o.config_file.empty())
        warn_of_missing_rules(env, c, t.who);
    return done;
}

} // namespace proxy
