// What the one who asks may do: the rules, applied to him and to what his token is for.
#pragma once

#include "proxy/access/access_rules.h"

#include <string_view>

namespace proxy {

class rights {
public:
    rights() = default; // of everybody where there are no rules: all
    rights(access_rules const& rules, caller who) : rules_(&rules), who_(std::move(who)) {}

    // `repository` by the store's name; "" for admin.
    bool allow(action a, std::string_view repository) const {
        if (rules_ == nullptr)
            return true;
        auto const& limits = who_.who->limits;
        return (!limits || limits->cover(a, repository)) && rules_->allow(who_, a, repository);
    }

    // Whether the rules let the bearer pull or push anything at all.
    bool allow_somewhere() const {
        return rules_ == nullptr || rules_->may_allow(who_, action::pull) || rules_->may_allow(who_, action::push);
    }

    // Whether there are no rules: nobody is to be kept from knowing what is here.
    bool are_everybodys() const noexcept { return rules_ == nullptr; }

    // Whether the client's token was made for this, by either name of the repository: one that was not is to be
    // replaced by the client, not to be denied.
    bool is_asked(action a, std::string_view repository, std::string_view as_written) const {
        if (rules_ == nullptr || !who_.who->asked)
            return true;
        return who_.who->asked->cover(a, repository) || who_.who->asked->cover(a, as_written);
    }

    // Both of it. A token shows its bearer nothing that it was not made for, by whatever road.
    bool allow_as_asked(action a, std::string_view repository, std::string_view as_written) const {
        return allow(a, repository) && is_asked(a, repository, as_written);
    }

    // Whether this is a token that a client had made for its requests to some repositories, or to none in particular.
    bool are_for_requests() const noexcept { return rules_ != nullptr && who_.who->asked.has_value(); }
    bool are_for_no_repository() const noexcept { return are_for_requests() && who_.who->asked->items.empty(); }

    // "" if anonymous, or if there are no rules.
    std::string_view user() const noexcept { return who_.who ? std::string_view(who_.who->user) : std::string_view(); }

private:
    access_rules const* rules_ = nullptr; // null: none
    caller who_;
};

} // namespace proxy
