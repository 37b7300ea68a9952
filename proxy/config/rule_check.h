// What only the whole configuration shows to be wrong with its rules.
//
// A rule about repositories that cannot be here is a mistake, as one about nobody is: what it was to forbid would be
// allowed. And the admin API is for nobody by accident.
#pragma once

#include "proxy/config/config.h"

#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// Whether only this machine reaches it.
bool is_loopback(address const& a);

// Why the admin API must not listen there: somebody else could reach it, and no rule says who may use it. "": it may.
std::string unguarded_admin(std::vector<address> const& admin, access_config const& access);

bool have_other_rules(access_config const& a, access_config const& b); // or groups in them

// Why a reload must not put the rules of `wanted` in the place of the running ones; "": it may. What opens everything
// could be a file that was cut short, and takes a restart. So do rules that came along with what they may rest on and
// counts after a restart alone: that upstream is asked who may pull, or whose word a user's name is.
std::string unsafe_reload(std::vector<address> const& admin, config const& running, config const& wanted);

// Why no repository here has a name that the pattern fits, in words that follow it in a message; "" if one could.
std::string why_unreachable(std::string_view pattern, config const& c);

} // namespace proxy
