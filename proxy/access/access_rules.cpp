#include "proxy/access/access_rules.h"

#include <algorithm>

namespace proxy {
namespace {

bool any_matches(std::vector<name_pattern> const& patterns, std::string_view name) {
    return std::ranges::any_of(patterns, [&](name_pattern const& p) { return p.matches(name); });
}

// An issuer's jobs are others' doing, of all the world where it is a public one: "*" is nobody of them.
bool is_user(std::vector<name_pattern> const& patterns, identity const& who) {
    return std::ranges::any_of(patterns, [&](name_pattern const& p) {
        bool const may_be = who.issuer.empty() || p.means_jobs();
        return may_be && p.matches(who.user);
    });
}

bool is_everything(name_pattern const& p) {
    return p.text() == "*" || p.text() == "**";
}

bool has_claim(claim_list const& claims, std::string_view name, std::vector<name_pattern> const& values) {
    return std::ranges::any_of(
        claims, [&](auto const& claim) { return claim.first == name && any_matches(values, claim.second); });
}

bool is_about(access_rule const& r, action what, std::string_view repository) {
    if (std::ranges::find(r.actions, what) == r.actions.end())
        return false;
    return what == action::admin || r.repositories.empty() || any_matches(r.repositories, repository);
}

} // namespace

access_rules::access_rules(access_config const& c) : rules_(c.rules), groups_(c.groups) {
    for (auto const& r : rules_) {
        for (auto const& [name, values] : r.claims)
            claims_.insert(name);
        say_who_administers_ |= r.allows && std::ranges::find(r.actions, action::admin) != r.actions.end();
        tell_users_apart_ |= !r.users.empty() || !r.groups.empty() || !r.issuer.empty() || !r.claims.empty();
    }
}

bool access_rules::in_group(caller const& who, access_rule const& r) const {
    return std::ranges::any_of(groups_, [&](user_group const& g) {
        return std::ranges::find(r.groups, g.name) != r.groups.end() && is_user(g.users, *who.who);
    });
}

bool access_rules::is_of(caller const& who, access_rule const& r) const {
    auto const& id = *who.who;
    if (!r.users.empty() && (id.is_anonymous() || !is_user(r.users, id)))
        return false;
    if (!r.groups.empty() && (id.is_anonymous() || !in_group(who, r)))
        return false;
    auto const inside = [&](network const& n) { return n.contains(who.from); };
    if (!r.networks.empty() && std::ranges::none_of(r.networks, inside))
        return false;
    if (!r.issuer.empty() && r.issuer != id.issuer)
        return false;
    return std::ranges::all_of(r.claims,
                               [&](auto const& wanted) { return has_claim(id.claims, wanted.first, wanted.second); });
}

bool access_rules::allow(caller const& who, action what, std::string_view repository) const {
    if (rules_.empty())
        return true;
    for (auto const& r : rules_)
        if (is_about(r, what, repository) && is_of(who, r))
            return r.allows;
    // Who sits at this machine looks after it, unless rules say who does.
    return what == action::admin && who.from.is_loopback() && !say_who_administers_;
}

bool access_rules::may_allow(caller const& who, action what) const {
    if (rules_.empty())
        return true;
    for (auto const& r : rules_) {
        if (std::ranges::find(r.actions, what) == r.actions.end() || !is_of(who, r))
            continue;
        if (r.allows)
            return true;
        if (r.repositories.empty() || std::ranges::any_of(r.repositories, is_everything))
            return false; // of all of them, before any later rule
    }
    return false;
}

} // namespace proxy
