// Which token servers may see the operator's password: a registry names its realm in an answer, and whoever can
// forge that answer could name any host. So a realm must be https (http only where the registry itself is), and on
// the registry's own host, its registrable domain, or a host that the operator listed.
#pragma once

#include "proxy/upstream/origin.h"

#include <string>
#include <string_view>
#include <vector>

namespace proxy {

bool is_trusted_realm(origin const& realm, origin const& registry, std::vector<std::string> const& token_hosts);

// Whether the operator listed its host.
bool is_listed_realm(origin const& realm, std::vector<std::string> const& token_hosts);

// The part of a host name that one owner registered: "docker.io" of "auth.docker.io", "example.co.uk" of
// "r.example.co.uk". The host itself for addresses, single labels, and below domains whose names belong to many
// owners. A short built-in table stands for the public suffix list; where it knows no better it errs by needing an
// entry in token_hosts.
std::string_view registrable_domain(std::string_view host);

} // namespace proxy
