#include "proxy/pull/upstream_set.h"

#include <algorithm>
#include <optional>

namespace proxy {

namespace {

struct split_path {
    std::string_view first;
    std::string_view rest; // empty: there is but one component
};

split_path split(std::string_view path) {
    auto slash = path.find('/');
    if (slash == std::string_view::npos)
        return {path, {}};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

error unknown_upstream(std::string_view name) {
    return from_oci({oci::errc::name_unknown, "registry '" + std::string(name) + "' is not configured as an upstream"});
}

// Docker Hub has no such names: whoever writes one means a registry, as docker itself reads it.
bool is_registry_name(std::string_view first_component) {
    return first_component.find('.') != std::string_view::npos || first_component == "localhost";
}

// As the names below them are sorted: "a-b/c" comes before "a/c".
bool in_catalog_order(std::string const& a, std::string const& b) {
    return a + "/" < b + "/";
}

} // namespace

upstream_set::upstream_set(std::vector<std::unique_ptr<upstream>> upstreams, hosted_config hosted)
    : upstreams_(std::move(upstreams)),
      hosted_(hosted.enabled ? std::move(hosted.prefixes) : std::vector<std::string>()) {
    std::sort(hosted_.begin(), hosted_.end(), in_catalog_order);
    for (auto const& u : upstreams_) {
        by_name_[u->config().name] = u.get();
        names_.push_back(u->config().name);
        guards_any_ = guards_any_ || u->config().access == upstream_access::per_client;
        for (auto const& alias : u->config().aliases)
            by_name_[alias] = u.get();
        if (u->config().is_default)
            default_ = u.get();
    }
}

upstream* upstream_set::find(std::string_view name) const {
    auto it = by_name_.find(name);
    return it == by_name_.end() ? nullptr : it->second;
}

bool upstream_set::hosts(std::string_view first_component) const {
    return std::find(hosted_.begin(), hosted_.end(), first_component) != hosted_.end();
}

result<repository_target> upstream_set::on(upstream& u, std::string_view path) const {
    std::string name(path);
    if (u.config().inserts_library() && path.find('/') == std::string_view::npos)
        name.insert(0, "library/");
    auto repo = oci::repository::parse(name);
    if (!repo)
        return from_oci(repo.error());
    auto stored_as = u.config().name + "/" + name;
    return repository_target{&u, std::move(*repo), std::move(stored_as)};
}

upstream const* upstream_set::named_by(oci::route const& r) const {
    auto const ns = r.query.find("ns");
    auto const name = r.prefix.empty() ? ns.value_or("") : std::string_view(r.prefix);
    return name.empty() ? default_ : find(name);
}

bool upstream_set::is_guarded(std::string_view stored_name) const {
    auto const* u = find(split(stored_name).first);
    return u && u->config().access == upstream_access::per_client;
}

bool upstream_set::is_mirrored(std::string_view stored_name) const {
    return find(split(stored_name).first) != nullptr;
}

bool upstream_set::is_hosted(std::string_view stored_name) const {
    return hosts(split(stored_name).first);
}

result<repository_target> upstream_set::resolve(oci::route const& r) const {
    std::string_view const path = r.repo->name();
    auto const [first, rest] = split(path);
    auto const ns = r.query.find("ns");
    auto const named = !r.prefix.empty() ? std::optional<std::string_view>(r.prefix) : ns;
    if (named && ns && !ns->empty() && find(*named) != find(*ns))
        return from_oci({oci::errc::name_unknown, "the path names another registry than ns does"});
    if (named && !named->empty()) {
        auto* u = find(*named);
        if (!u && r.prefix.empty() && !rest.empty() && hosts(first)) // the name by which the client knows us
            return repository_target{nullptr, *r.repo, std::string(path)};
        if (!u)
            return unknown_upstream(*named);
        // A mirror path may repeat the registry: /v2/docker.io/library/alpine?ns=docker.io
        bool const repeated = !rest.empty() && find(first) == u;
        return on(*u, repeated ? rest : path);
    }
    if (!rest.empty()) {
        if (auto* u = find(first))
            return on(*u, rest);
        if (hosts(first))
            return repository_target{nullptr, *r.repo, std::string(path)};
    }
    if (!default_)
        return from_oci({oci::errc::name_unknown, "no upstream is named and there is no default"});
    if (!rest.empty() && default_->config().inserts_library() && is_registry_name(first))
        return unknown_upstream(first);
    return on(*default_, path);
}

std::map<std::string, std::size_t> upstream_set::waiting() const {
    std::map<std::string, std::size_t> all;
    for (auto const& u : upstreams_)
        all.emplace(u->config().name, u->waiting());
    return all;
}

std::map<std::string, std::vector<endpoint_report>> upstream_set::endpoints() const {
    std::map<std::string, std::vector<endpoint_report>> all;
    for (auto const& u : upstreams_)
        all.emplace(u->config().name, u->endpoints());
    return all;
}

} // namespace proxy
