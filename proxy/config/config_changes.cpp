#include "proxy/config/config_changes.h"

#include <algorithm>

namespace proxy {
namespace {

using keys = std::vector<std::string>;

// The keys of one section that differ. A difference that no key explains is the section's as a whole, so that a key
// that was forgotten here is not passed over in silence.
template <class Section>
class section {
public:
    section(char const* name, Section const& running, Section const& wanted)
        : name_(name), running_(running), wanted_(wanted) {}

    template <class T>
    section& key(char const* name, T Section::*member, keys& to) {
        if (running_.*member == wanted_.*member)
            return *this;
        to.push_back(std::string(name_) + "." + name);
        explained_ = true;
        return *this;
    }
    void rest(keys& to) const {
        if (!explained_ && running_ != wanted_)
            to.emplace_back(name_);
    }

private:
    char const* name_;
    Section const& running_;
    Section const& wanted_;
    bool explained_ = false;
};

void compare_server(server_config const& running, server_config const& wanted, keys& to) {
    section("server", running, wanted)
        .key("listen", &server_config::listen, to)
        .key("admin_listen", &server_config::admin_listen, to)
        .key("certificate", &server_config::certificates, to)
        .key("threads", &server_config::threads, to)
        .key("public_url", &server_config::public_url, to)
        .key("idle_timeout", &server_config::idle_timeout, to)
        .key("header_timeout", &server_config::header_timeout, to)
        .key("write_timeout", &server_config::write_timeout, to)
        .key("request_timeout", &server_config::request_timeout, to)
        .key("drain_timeout", &server_config::drain_timeout, to)
        .key("max_connections", &server_config::max_connections, to)
        .key("max_connections_per_client", &server_config::max_connections_per_client, to)
        .key("bandwidth_per_client", &server_config::bandwidth_per_client, to)
        .key("max_fills", &server_config::max_fills, to)
        .key("max_disk_queue", &server_config::max_disk_queue, to)
        .key("max_bodies", &server_config::max_bodies, to)
        .key("requests_per_client", &server_config::requests_per_client, to)
        .rest(to);
}

void compare_gc(gc_config const& running, gc_config const& wanted, keys& to) {
    section("gc", running, wanted)
        .key("enabled", &gc_config::enabled, to)
        .key("keep_storage", &gc_config::keep_storage, to)
        .key("reserved_space", &gc_config::reserved_space, to)
        .key("min_free_space", &gc_config::min_free_space, to)
        .key("policy", &gc_config::policies, to)
        .rest(to);
}

void compare_log(log_config const& running, log_config const& wanted, config_changes& to) {
    section("log", running, wanted)
        .key("level", &log_config::level, to.at_once)
        .key("format", &log_config::format, to.after_restart)
        .key("access", &log_config::access, to.after_restart)
        .key("file", &log_config::file, to.after_restart)
        .rest(to.after_restart);
}

upstream_config const* find(std::vector<upstream_config> const& in, std::string const& name) {
    auto const at = std::find_if(in.begin(), in.end(), [&](upstream_config const& u) { return u.name == name; });
    return at == in.end() ? nullptr : &*at;
}

void compare_upstreams(std::vector<upstream_config> const& running, std::vector<upstream_config> const& wanted,
                       keys& to) {
    auto const before = to.size();
    for (auto const& u : wanted) {
        auto const* known = find(running, u.name);
        if (!known || *known != u)
            to.push_back("upstream " + u.name);
    }
    for (auto const& u : running)
        if (!find(wanted, u.name))
            to.push_back("upstream " + u.name);
    if (to.size() == before && running != wanted)
        to.emplace_back("the order of the upstreams");
}

} // namespace

config_changes compare(config const& running, config const& wanted) {
    config_changes found;
    compare_server(running.server, wanted.server, found.after_restart);
    section("store", running.store, wanted.store)
        .key("path", &store_config::path, found.after_restart)
        .key("inline_max", &store_config::inline_max, found.after_restart)
        .key("durability", &store_config::sync_pulled, found.after_restart)
        .key("scrub_rate", &store_config::scrub_rate, found.after_restart)
        .key("scrub_every", &store_config::scrub_every, found.after_restart)
        .rest(found.after_restart);
    compare_gc(running.gc, wanted.gc, found.at_once);
    compare_upstreams(running.upstreams, wanted.upstreams, found.after_restart);
    section("hosted", running.hosted, wanted.hosted)
        .key("enabled", &hosted_config::enabled, found.after_restart)
        .key("read_only", &hosted_config::read_only, found.at_once)
        .key("prefixes", &hosted_config::prefixes, found.after_restart)
        .key("grace", &hosted_config::grace, found.at_once)
        .key("max_used_space", &hosted_config::max_used_space, found.at_once)
        .key("upload_ttl", &hosted_config::upload_ttl, found.after_restart)
        .key("max_blob_size", &hosted_config::max_blob_size, found.after_restart)
        .key("max_uploads_per_client", &hosted_config::max_uploads_per_client, found.after_restart)
        .rest(found.after_restart);
    section("access", running.access, wanted.access)
        .key("htpasswd_file", &access_config::htpasswd_file, found.after_restart)
        .key("client_ca_file", &access_config::client_ca_file, found.after_restart)
        .key("token_key_file", &access_config::token_key_file, found.after_restart)
        .key("token_ttl", &access_config::token_ttl, found.after_restart)
        .key("group", &access_config::groups, found.at_once)
        .key("oidc", &access_config::issuers, found.after_restart)
        .key("rule", &access_config::rules, found.at_once)
        .rest(found.after_restart);
    section("stats", running.stats, wanted.stats).rest(found.after_restart);
    section("webhook", running.webhook, wanted.webhook).rest(found.after_restart);
    if (running.alerts != wanted.alerts)
        found.after_restart.emplace_back("alert");
    if (running.triggers != wanted.triggers)
        found.at_once.emplace_back("trigger");
    compare_log(running.log, wanted.log, found);
    return found;
}

} // namespace proxy
