// Which registry a request means. All forms of address at once: `?ns=`, a path that begins with an upstream's name,
// a prefix before "/v2/", the default upstream, and the hosted prefixes.
//
// Only upstreams that the operator named can be reached: a name that is not configured is NAME_UNKNOWN, whatever it is.
#pragma once

#include "oci/route.h"
#include "proxy/config/config.h"
#include "proxy/error.h"
#include "proxy/upstream/upstream.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// Where a repository lives.
struct repository_target {
    upstream* from = nullptr; // null: hosted here; lives as long as the set
    oci::repository repo;     // as upstream names it, "library/" inserted where it belongs
    std::string name;         // as the store names it: "docker.io/library/alpine", "local/app"
};

class upstream_set {
public:
    upstream_set(std::vector<std::unique_ptr<upstream>> upstreams, hosted_config hosted);

    // NAME_UNKNOWN, NAME_INVALID. `r.repo` must be set.
    result<repository_target> resolve(oci::route const& r) const;

    // The first components of what is hosted here; none if nothing is. In the order of what is below them.
    std::vector<std::string> const& hosted_prefixes() const noexcept { return hosted_; }

private:
    upstream* find(std::string_view name) const;
    bool hosts(std::string_view first_component) const;
    result<repository_target> on(upstream& u, std::string_view path) const;

    std::vector<std::unique_ptr<upstream>> upstreams_;
    std::map<std::string, upstream*, std::less<>> by_name_; // names and aliases
    upstream* default_ = nullptr;
    std::vector<std::string> hosted_;
};

} // namespace proxy
