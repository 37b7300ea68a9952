// conf/layerd.toml is the annotated copy of default_config(): neither may change without the other.
#include "proxy/config/config.h"
#include "tests/catch.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

using namespace proxy;

namespace {

std::filesystem::path conf(char const* name) {
    return std::filesystem::path(LAYERD_CONF) / name;
}

config loaded(char const* name) {
    auto c = load_config(conf(name));
    if (c.has_error())
        FAIL(name << ":" << c.error().front().line << ": " << c.error().front().message);
    return *c;
}

} // namespace

TEST_CASE("the annotated file says what the server does without it") {
    auto const file = loaded("layerd.toml");
    auto const built_in = default_config();

    CHECK(file.server.listen == built_in.server.listen);
    CHECK(file.server.admin_listen == built_in.server.admin_listen);
    CHECK(file.server.threads == built_in.server.threads);
    CHECK(file.server.public_url == built_in.server.public_url);
    CHECK(file.server.idle_timeout == built_in.server.idle_timeout);
    CHECK(file.server.header_timeout == built_in.server.header_timeout);
    CHECK(file.server.write_timeout == built_in.server.write_timeout);
    CHECK(file.server.drain_timeout == built_in.server.drain_timeout);
    CHECK(file.server.max_connections == built_in.server.max_connections);
    CHECK(file.access == built_in.access);
    CHECK(file.store.path == built_in.store.path);
    CHECK(file.store.inline_max == built_in.store.inline_max);
    CHECK(file.store.sync_pulled == built_in.store.sync_pulled);
    CHECK(file.gc.enabled == built_in.gc.enabled);
    CHECK(file.gc.keep_storage == built_in.gc.keep_storage);
    CHECK(file.gc.reserved_space == built_in.gc.reserved_space);
    CHECK(file.gc.min_free_space == built_in.gc.min_free_space);
    CHECK(file.gc.policies == built_in.gc.policies);
    CHECK(file.hosted == built_in.hosted);
    CHECK(file.log.level == built_in.log.level);
    CHECK(file.log.format == built_in.log.format);
    CHECK(file.log.access == built_in.log.access);
    CHECK(file.log.file == built_in.log.file);
    REQUIRE(file.upstreams.size() == built_in.upstreams.size());
    for (std::size_t i = 0; i < file.upstreams.size(); ++i) {
        INFO("upstream " << built_in.upstreams[i].name);
        auto const &a = file.upstreams[i], &b = built_in.upstreams[i];
        CHECK(a.name == b.name);
        CHECK(a.aliases == b.aliases);
        CHECK(a.endpoints == b.endpoints);
        CHECK(a.is_default == b.is_default);
        CHECK(a.retries == b.retries);
        CHECK(a.max_requests == b.max_requests);
        CHECK(a.max_bandwidth == b.max_bandwidth);
        CHECK(a.hedge_after == b.hedge_after);
        CHECK(a.tag_ttl == b.tag_ttl);
        CHECK(a.stale_while_revalidate == b.stale_while_revalidate);
        CHECK(a.revalidate_wait == b.revalidate_wait);
        CHECK(a.stale_if_error == b.stale_if_error);
        CHECK(a.negative_ttl == b.negative_ttl);
        CHECK(a.username == b.username);
        CHECK(a.token_hosts == b.token_hosts);
        CHECK(a.connect_timeout == b.connect_timeout);
        CHECK(a.first_byte_timeout == b.first_byte_timeout);
        CHECK(a.idle_timeout == b.idle_timeout);
        CHECK(a.prefetch == b.prefetch);
        CHECK(a.parallel_ranges == b.parallel_ranges);
    }
    CHECK(file == built_in); // a field added later and forgotten above
}

namespace {

// From the section's head, which may be commented out, to the next one's.
std::string section(std::string const& text, std::string const& head) {
    std::smatch begin;
    auto const name = std::regex_replace(head, std::regex(R"([\[\].])"), R"(\$&)");
    if (!std::regex_search(text, begin, std::regex("(^|\n)(# )?" + name + "\n")))
        return {};
    std::string const rest = begin.suffix();
    std::smatch end;
    return std::regex_search(rest, end, std::regex("\n(# )?\\[")) ? std::string(end.prefix()) : rest;
}

struct section_keys {
    char const* head;
    std::vector<std::string> keys;
};

std::vector<section_keys> const all_keys{
    {"[server]",
     {"listen", "admin_listen", "threads", "public_url", "idle_timeout", "header_timeout", "write_timeout",
      "drain_timeout", "max_connections", "max_connections_per_client", "bandwidth_per_client", "max_fills",
      "max_disk_queue", "max_bodies", "requests_per_client"}},
    {"[[server.certificate]]", {"file", "key_file"}},
    {"[access]", {"htpasswd_file", "client_ca_file", "token_key_file", "token_ttl"}},
    {"[[access.group]]", {"name", "users"}},
    {"[[access.oidc]]", {"name", "issuer", "audience", "jwks_url", "session"}},
    {"[[access.rule]]", {"groups", "allow", "repositories"}},
    {"[store]", {"path", "inline_max", "durability", "scrub_rate", "scrub_every"}},
    {"[gc]", {"enabled", "keep_storage", "reserved_space", "min_free_space"}},
    {"[[gc.policy]]", {"filters", "all", "keep_duration", "reserved_space", "max_used_space", "min_free_space"}},
    {"[[upstream]]",
     {"name",
      "aliases",
      "endpoints",
      "default",
      "tag_ttl",
      "stale_while_revalidate",
      "revalidate_wait",
      "stale_if_error",
      "negative_ttl",
      "username",
      "password_file",
      "access",
      "access_ttl",
      "ca_file",
      "token_hosts",
      "connect_timeout",
      "first_byte_timeout",
      "idle_timeout",
      "retries",
      "max_requests",
      "max_bandwidth",
      "hedge_after",
      "parallel_ranges",
      "prefetch",
      "price_per_gb"}},
    {"[[upstream.tag]]", {"match", "ttl"}},
    {"[hosted]", {"enabled", "read_only", "prefixes", "grace", "max_used_space", "upload_ttl", "max_blob_size",
      "max_uploads_per_client"}},
    {"[stats]", {"max_size", "names", "currency", "clients_by"}},
    {"[[stats.client_group]]", {"name", "networks", "users", "user_agents"}},
    {"[[alert]]", {"name", "metric", "below", "over", "for", "min_requests"}},
    {"[[trigger]]", {"name", "at", "warm", "platforms"}},
    {"[webhook]", {"url", "url_file", "format"}},
    {"[log]", {"level", "format", "access", "file"}},
};

} // namespace

TEST_CASE("the annotated file shows every key in its section") {
    std::stringstream text;
    text << std::ifstream(conf("layerd.toml")).rdbuf();
    for (auto const& [head, keys] : all_keys) {
        auto const lines = section(text.str(), head);
        for (auto const& key : keys) {
            INFO(head << " " << key);
            CHECK(std::regex_search(lines, std::regex("(^|\n)(# )?" + key + " = ")));
        }
    }
}

// Of an upstream each says what it is for, and the README says it too.
TEST_CASE("the annotated file has a word about every key of an upstream, and so has the README") {
    std::stringstream text, readme;
    text << std::ifstream(conf("layerd.toml")).rdbuf();
    readme << std::ifstream(conf("../README.md")).rdbuf();
    auto const lines = section(text.str(), "[[upstream]]");
    auto const found = std::ranges::find(all_keys, std::string_view("[[upstream]]"), &section_keys::head);
    for (auto const& key : found->keys) {
        INFO(key);
        CHECK(std::regex_search(lines, std::regex("(^|\n)(# )?" + key + " = .* # ")));
        CHECK(std::regex_search(readme.str(), std::regex("\n    " + key + " = |`" + key + "`")));
    }
}

TEST_CASE("what the annotated file has commented out is right once it counts") {
    std::stringstream text;
    text << std::ifstream(conf("layerd.toml")).rdbuf();
    std::regex const commented("\n# (\\[\\[(?:server|access|gc|upstream|stats|alert|trigger)|[a-z_]+ = )");
    auto const active = std::regex_replace(text.str(), commented, "\n$1");
    auto const c = parse_config(active, "layerd.toml");
    if (c.has_error())
        FAIL(c.error().front().line << ": " << c.error().front().message);
    CHECK(c->store.path == "/var/lib/layerd");
    REQUIRE(c->server.certificates.size() == 1);
    CHECK(c->server.certificates[0].key_file == "/etc/layerd/tls/privkey.pem");
    REQUIRE(c->access.rules.size() == 4);
    CHECK(c->access.rules[1].claims.size() == 2);
    CHECK(c->access.issuers.at(0).session == std::chrono::hours(1));
    REQUIRE(c->gc.policies.size() == 1);
    CHECK(c->gc.policies[0].keep_duration == std::chrono::hours(30 * 24));
    CHECK(c->upstreams.at(0).username == "someone");
    REQUIRE(c->alerts.size() == 1);
    CHECK(c->alerts[0].hold == std::chrono::minutes(10));
    REQUIRE(c->stats.client_groups.size() == 1);
    CHECK(c->stats.client_groups[0].networks.size() == 2);
    CHECK(c->upstreams.at(0).ttl_of("v3.20.1") == std::chrono::hours(30 * 24));
    REQUIRE(c->triggers.size() == 4);
    CHECK(c->triggers[0].name == "nightly");
    CHECK(c->triggers[0].at == std::chrono::minutes(210));
    CHECK(c->triggers[1].all_platforms);
    CHECK(c->triggers[2].keep_fresh == 50);
    CHECK(c->triggers[3].name == "trigger 4");
    CHECK(c->triggers[3].gc);
}

TEST_CASE("the minimal file leaves the built-in upstreams in place") {
    auto const c = loaded("minimal.toml");
    CHECK(c.upstreams == default_config().upstreams);
    CHECK(c.server.listen == std::vector<address>{{"::", 5000}});
    CHECK(c.gc.keep_storage == size_setting{50ull << 30, {}});
}
