// The configuration file: whatever stands in it is taken or has problems, each of them with a line that the file has
// and words that a terminal can show. What is taken holds to what its sections promise, and its values print as they
// are.
#pragma once

#include "oci/charset.h"
#include "proxy/config/rule_check.h"
#include "tests/fuzz/expect.h"

#include <algorithm>
#include <set>
#include <string>

namespace fuzz {

inline void check_problems(std::vector<proxy::config_problem> const& problems, std::string_view text) {
    auto const lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    expect(!problems.empty() && problems.size() <= 100, "some problems, and not many");
    std::size_t before = 0;
    for (auto const& p : problems) {
        expect(p.line >= before && p.line <= lines, "in the order of the file's lines");
        expect(!p.message.empty() && !oci::charset::has_any(p.message, oci::charset::control), "words for a terminal");
        before = p.line;
    }
}

inline void check_server(proxy::config const& c) {
    for (auto const* list : {&c.server.listen, &c.server.admin_listen})
        for (auto const& a : *list)
            expect(proxy::parse_address(a.to_string()) == a, "an address prints");
    expect(proxy::unguarded_admin(c.server.admin_listen, c.access).empty(), "no admin API without a guard");
    for (auto const& s : {c.gc.keep_storage, c.gc.reserved_space, c.hosted.max_used_space})
        if (!s.percent)
            expect(proxy::parse_size_setting(to_string(s)) == s, "a size prints");
    for (auto const t : {c.server.idle_timeout, c.server.write_timeout, c.hosted.grace})
        expect(proxy::parse_duration(proxy::to_string(t)) == t, "a duration prints");
}

inline void check_patterns(std::vector<proxy::name_pattern> const& patterns) {
    for (auto const& p : patterns) {
        auto const again = proxy::name_pattern::parse(p.text());
        expect(again && *again == p, "a pattern prints");
    }
}

// A rule that names what is not there would never fit, and what it forbids would be allowed.
inline void check_access(proxy::access_config const& a) {
    std::set<std::string> groups, issuers;
    for (auto const& g : a.groups)
        expect(groups.insert(g.name).second && !g.name.empty() && !g.users.empty(), "groups are told apart");
    for (auto const& i : a.issuers)
        expect(issuers.insert(i.name).second && !i.issuer.empty() && !i.audience.empty(), "issuers are told apart");
    for (auto const& r : a.rules) {
        for (auto const& g : r.groups)
            expect(groups.contains(g), "a rule's groups are there");
        expect(r.issuer.empty() || issuers.contains(r.issuer), "a rule's issuer is there");
        expect(!r.actions.empty(), "a rule is about something");
        check_patterns(r.users);
        check_patterns(r.repositories);
        for (auto const& [claim, values] : r.claims) {
            expect(!claim.empty() && !values.empty(), "a claim is asked for with its values");
            check_patterns(values);
        }
        for (auto const& n : r.networks)
            expect(proxy::network::parse(n.to_string()) == n, "a network prints");
    }
}

inline void check_upstreams(proxy::config const& c) {
    std::set<std::string> names;
    for (auto const& u : c.upstreams) {
        expect(names.insert(u.name).second && !u.endpoints.empty(), "upstreams are told apart, and are somewhere");
        for (auto const& alias : u.aliases)
            expect(names.insert(alias).second, "no alias is another's");
        for (auto const& e : u.endpoints) {
            auto const again = proxy::parse_endpoint(e.to_string());
            expect(again && *again == e, "an endpoint prints");
        }
        expect(u.username.empty() == u.password_file.empty(), "a name with its password");
    }
    auto const defaults = std::ranges::count(c.upstreams, true, &proxy::upstream_config::is_default);
    expect(defaults == (c.upstreams.empty() ? 0 : 1), "one default");
    for (auto const& prefix : c.hosted.prefixes)
        expect(!c.hosted.enabled || !names.contains(prefix), "no prefix hides an upstream");
}

inline void check_config(std::string_view text) {
    auto const c = proxy::parse_config(text, "layerd.toml");
    if (!c)
        return check_problems(c.error(), text);
    check_server(*c);
    check_access(c->access);
    check_upstreams(*c);
    auto const again = proxy::parse_config(std::string(text) + "\n# the end\n", "layerd.toml");
    expect(again && *again == *c, "a comment changes nothing");
}

} // namespace fuzz
