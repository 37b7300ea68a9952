// Who may do what: the rules of the configuration, applied. Pure; the first rule that fits decides, and what none fits
// is denied.
#pragma once

#include "proxy/access/caller.h"
#include "proxy/config/access_config.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// Immutable: any thread.
class access_rules {
public:
    explicit access_rules(access_config const& c);

    // Whether there are rules at all: without any everybody may do everything.
    bool exist() const noexcept { return !rules_.empty(); }

    // `repository` is the store's name, "docker.io/library/alpine"; of admin, and only of that, "". A token's scopes
    // are not looked at here.
    bool allow(caller const& who, action what, std::string_view repository) const;

    // Whether some repository, whichever, is open to `who` for `what`: somebody to whom none is needs another login.
    bool may_allow(caller const& who, action what) const;

    // The names of all claims that rules ask for: what is kept of an issuer's token.
    std::set<std::string> const& claims() const noexcept { return claims_; }

    // Whether a login could be of any use: there is a rule that tells users apart.
    bool tell_users_apart() const noexcept { return tell_users_apart_; }

private:
    bool is_of(caller const& who, access_rule const& r) const;
    bool in_group(caller const& who, access_rule const& r) const;

    std::vector<access_rule> rules_;
    std::vector<user_group> groups_;
    std::set<std::string> claims_;
    bool tell_users_apart_ = false;
    bool say_who_administers_ = false;
};

} // namespace proxy
