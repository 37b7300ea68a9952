// Scopes: what clients ask tokens for ("repository:NAME:ACTIONS"), and what operators issue them for ("NAME:ACTIONS").
// What was read prints as what reads back the same, also from a token; and a client gets no pattern and no admin.
#pragma once

#include "proxy/access/scope.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/fixed_keys.h"

#include <initializer_list>
#include <string>

namespace fuzz {

using proxy::action;

inline bool lists(std::string_view actions, std::string_view one) {
    return ("," + std::string(actions) + ",").find("," + std::string(one) + ",") != std::string::npos;
}

// Also that whoever gets a token for it gets one that is taken.
inline void check_printed(proxy::scope const& s) {
    auto const again = proxy::parse_issued_scope(proxy::to_string(s));
    expect(again && *again == s, "a printed scope is the same scope");
    proxy::access_token t{proxy::token_use::issued, {}, fixed_now, fixed_now + 60};
    t.who.limits = proxy::scope_list{{s}};
    auto const text = fixed_signer().sign(t);
    expect(text.has_value(), "a token for one scope can be signed");
    auto parsed = proxy::unverified_token::parse(*text);
    expect(parsed.has_value(), "what was signed is a token");
    auto const back = fixed_signer().verify(*std::move(parsed), fixed_now);
    expect(back && back->who.limits == t.who.limits, "a token is for what it was signed for");
}

inline void check_asked(std::string_view text) {
    auto const s = proxy::parse_scope(text);
    if (!s)
        return;
    auto const& name = s->repositories.text();
    auto const before = "repository:" + name + ":";
    expect(text.starts_with(before), "the name as it stands there");
    auto const actions = text.substr(before.size());
    expect(actions.find(':') == actions.npos && name.find('*') == name.npos, "one name, no pattern");
    for (auto const a : {action::pull, action::push, action::remove})
        expect(s->has(a) == (lists(actions, "*") || lists(actions, proxy::to_string(a))),
               "the actions that stand there");
    expect(!s->has(action::admin), "admin is of no repository");
    proxy::scope_list const list{{*s}};
    for (auto const a : {action::pull, action::push, action::remove, action::admin}) {
        expect(list.cover(a, name) == s->has(a), "it covers what it names");
        expect(!list.cover(a, name + "/x") && !list.cover(a, name.substr(1)), "and nothing else");
    }
    if (s->actions != 0)
        check_printed(*s);
}

inline void check_issued(std::string_view text) {
    auto const s = proxy::parse_issued_scope(text);
    if (!s) {
        expect(!s.error().empty(), "an error has words");
        return;
    }
    expect(s->has(action::admin) == (text == "admin"), "admin, and nothing else, is admin");
    expect(s->actions != 0, "something is allowed");
    if (text != "admin")
        expect(text.starts_with(s->repositories.text() + ":"), "the name as it stands there");
    check_printed(*s);
}

inline void check_scope(std::string_view text) {
    check_asked(text);
    check_issued(text);
}

} // namespace fuzz
