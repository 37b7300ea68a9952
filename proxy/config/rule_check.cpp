#include "proxy/config/rule_check.h"

#include "proxy/config/sections.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace proxy {
namespace {

bool grants_admin(access_rule const& r) {
    return r.allows && std::ranges::find(r.actions, action::admin) != r.actions.end();
}

bool names_somebody(access_rule const& r) {
    return !r.users.empty() || !r.groups.empty() || !r.networks.empty() || !r.issuer.empty() || !r.claims.empty();
}

bool has(std::vector<std::string> const& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

std::string unknown_beginning(config const& c) {
    constexpr std::size_t most = 8;
    std::vector<std::string> known = c.hosted.prefixes;
    for (auto const& u : c.upstreams)
        known.push_back(u.name);
    auto const more = known.size() > most ? ", …" : "";
    known.resize(std::min(known.size(), most));
    return fmt::format("begins with no upstream and no hosted prefix: those are {}{}", fmt::join(known, ", "), more);
}

// That upstream is asked who may pull, or whose word a user's name is: what changes of it counts after a restart, and
// rules that came along with it may rest on it.
std::string rests_on_a_restart(config const& running, config const& wanted) {
    auto const text = [](std::string_view what) {
        return fmt::format("{} changed too, and counts after a restart: so do rules that may rest on it", what);
    };
    if (running.access.is_open()) // any rules are less
        return {};
    for (auto const& u : running.upstreams) {
        auto const now = std::ranges::find(wanted.upstreams, u.name, &upstream_config::name);
        if (now != wanted.upstreams.end() && now->access != u.access)
            return text("access of upstream " + u.name);
    }
    for (auto const& i : running.access.issuers) {
        auto const now = std::ranges::find(wanted.access.issuers, i.name, &oidc_config::name);
        if (now != wanted.access.issuers.end() && *now != i)
            return text("[[access.oidc]] " + i.name);
    }
    if (wanted.access.htpasswd_file != running.access.htpasswd_file)
        return text("htpasswd_file");
    if (wanted.access.client_ca_file != running.access.client_ca_file)
        return text("client_ca_file");
    return {};
}

} // namespace

bool is_loopback(address const& a) {
    boost::system::error_code ec;
    auto const ip = boost::asio::ip::make_address(a.host, ec);
    return !ec && ip.is_loopback();
}

std::string unguarded_admin(std::vector<address> const& admin, access_config const& access) {
    auto const open = std::ranges::find_if_not(admin, is_loopback);
    if (open == admin.end())
        return {};
    if (std::ranges::none_of(access.rules, grants_admin))
        return fmt::format("the admin API at {} could be reached from other machines, and no rule says by whom: listen "
                           "on 127.0.0.1 or ::1, or write an [[access.rule]] with users and allow = [\"admin\"]",
                           open->to_string());
    auto const for_all = [](access_rule const& r) { return grants_admin(r) && !names_somebody(r); };
    if (std::ranges::any_of(access.rules, for_all))
        return fmt::format("the admin API at {} could be reached from other machines, and an [[access.rule]] allows "
                           "admin to everybody: name users, groups or networks in it",
                           open->to_string());
    return {};
}

bool have_other_rules(access_config const& a, access_config const& b) {
    return a.rules != b.rules || a.groups != b.groups;
}

std::string unsafe_reload(std::vector<address> const& admin, config const& running, config const& wanted) {
    if (!running.access.is_open() && wanted.access.is_open())
        return "there is no [[access.rule]] any more, and everybody could do everything: that takes a restart";
    auto const why = rests_on_a_restart(running, wanted);
    return why.empty() ? unguarded_admin(admin, wanted.access) : why;
}

std::string why_unreachable(std::string_view pattern, config const& c) {
    if (std::ranges::any_of(pattern, [](char l) { return l >= 'A' && l <= 'Z'; }))
        return "has capitals, which no repository has";
    auto const first = pattern.substr(0, pattern.find('/'));
    bool const whole = first.size() == pattern.size();
    if (whole && pattern != "*" && pattern.find("**") == pattern.npos)
        return "names no repository: what is below it is meant by \"" + std::string(pattern) + "/**\"";
    if (first.find('*') != first.npos || has(c.hosted.prefixes, first))
        return {};
    auto const named = std::ranges::find(c.upstreams, first, &upstream_config::name);
    if (named == c.upstreams.end()) {
        auto const called = [&](upstream_config const& u) { return has(u.aliases, first); };
        auto const alias = std::ranges::find_if(c.upstreams, called);
        return alias == c.upstreams.end()
                   ? unknown_beginning(c)
                   : fmt::format("is called {}{} here", alias->name, pattern.substr(first.size()));
    }
    auto const rest = pattern.substr(first.size() + 1);
    bool const misses_library = named->inserts_library() && rest.find('/') == rest.npos && rest.find("**") == rest.npos;
    if (!misses_library)
        return {};
    return rest == "*" ? fmt::format("fits nothing: all of it is \"{}/**\"", first)
                       : fmt::format("is called {}/library/{} here", first, rest);
}

void check_rules(toml::table const& root, config const& c, problem_list& problems) {
    auto const* rules = root.at_path("access.rule").as_array();
    if (rules == nullptr)
        return;
    for (auto const& rule : *rules) {
        auto const* names = rule.is_table() ? (*rule.as_table())["repositories"].as_array() : nullptr;
        if (names == nullptr)
            continue;
        for (auto const& name : *names) {
            auto const text = name.value<std::string_view>();
            if (!text || !name_pattern::parse(*text))
                continue; // as was told
            if (auto const why = why_unreachable(*text, c); !why.empty())
                problems.add(name.source().begin.line,
                             fmt::format("\"{}\" in repositories of [[access.rule]] {}", *text, why));
        }
    }
}

} // namespace proxy
