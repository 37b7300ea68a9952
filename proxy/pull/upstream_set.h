// Which registry a request means. All forms of address at once: `?ns=`, a path that begins with an upstream's name,
// a prefix before "/v2/", the default upstream, and the hosted prefixes.
//
// Only upstreams that the operator named can be reached: a name that is not configured is NAME_UNKNOWN, whatever it is.
#pragma once

#include "oci/route.h"
#include "proxy/config/config.h"
#include "proxy/error.h"
#include "proxy/runtime/deadline.h"
#include "proxy/upstream/asker.h"
#include "proxy/upstream/upstream.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// Where a repository lives.
struct repository_target {
    upstream* from = nullptr;           // null: hosted here; lives as long as the set
    oci::repository repo;               // as upstream names it, "library/" inserted where it belongs
    std::string name;                   // as the store names it: "docker.io/library/alpine", "local/app"
    client_login::ptr as{};             // in whose name upstream is asked; none: layerd itself
    std::string client{};               // who asks (client_table.h): where there is a queue, clients take turns
    deadline until = deadline::never(); // of the client's request: all questions to upstream, up to the head of the
                                        // answer, spend from it

    // Whether upstream shows each client but what is its own.
    bool is_guarded() const noexcept { return from && from->config().access == upstream_access::per_client; }

    asker by() const { return {as, client}; }
    // For one of its questions. What nobody waits for (warming, say) has no time of its own, but each question has.
    deadline answer_by() const { return until.within(from->config().first_byte_timeout); }

    // Names those whose questions about this repository upstream answers alike.
    std::string flight_key() const { return as ? name + " as " + as->id() : name; }
};

class upstream_set {
public:
    upstream_set(std::vector<std::unique_ptr<upstream>> upstreams, hosted_config hosted);

    // NAME_UNKNOWN, also where a prefix and `ns` contradict each other, NAME_INVALID. `r.repo` must be set. Of a target
    // at an upstream the `ns` of the route, if any, is a name.
    result<repository_target> resolve(oci::route const& r) const;

    // The upstream that a request without a repository is about: the one it names, else the default. Null: none.
    upstream const* named_by(oci::route const& r) const;

    // Whether a repository, by the store's name, is of an upstream that shows each client but what is its own.
    bool is_guarded(std::string_view stored_name) const;
    // Whether any upstream does: then not all that is stored is for everybody.
    bool guards_any() const noexcept { return guards_any_; }

    // Whether it is an upstream's that is configured.
    bool is_mirrored(std::string_view stored_name) const;
    // Whether it is hosted here. Neither: its upstream is configured no more.
    bool is_hosted(std::string_view stored_name) const;

    // How the endpoints of each upstream are, by its name.
    std::map<std::string, std::vector<endpoint_report>> endpoints() const;

    // How many requests wait for their turn at each, by its name.
    std::map<std::string, std::size_t> waiting() const;

    std::vector<std::string> const& names() const noexcept { return names_; } // of the upstreams, without aliases

    // The first components of what is hosted here; none if nothing is. In the order of what is below them.
    std::vector<std::string> const& hosted_prefixes() const noexcept { return hosted_; }

private:
    upstream* find(std::string_view name) const;
    bool hosts(std::string_view first_component) const;
    result<repository_target> on(upstream& u, std::string_view path) const;

    std::vector<std::unique_ptr<upstream>> upstreams_;
    std::map<std::string, upstream*, std::less<>> by_name_; // names and aliases
    upstream* default_ = nullptr;
    bool guards_any_ = false;
    std::vector<std::string> hosted_, names_;
};

} // namespace proxy
