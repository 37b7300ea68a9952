// conf/layerd.toml is the annotated copy of default_config(): neither may change without the other.
#include "proxy/config/config.h"
#include "tests/catch.h"

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
        CHECK(a.tag_ttl == b.tag_ttl);
        CHECK(a.stale_if_error == b.stale_if_error);
        CHECK(a.username == b.username);
        CHECK(a.token_hosts == b.token_hosts);
        CHECK(a.connect_timeout == b.connect_timeout);
        CHECK(a.first_byte_timeout == b.first_byte_timeout);
        CHECK(a.idle_timeout == b.idle_timeout);
    }
    CHECK(file == built_in); // a field added later and forgotten above
}

TEST_CASE("the annotated file shows every key") {
    std::stringstream text;
    text << std::ifstream(conf("layerd.toml")).rdbuf();
    for (std::string key : {"listen",
                            "admin_listen",
                            "threads",
                            "public_url",
                            "idle_timeout",
                            "header_timeout",
                            "write_timeout",
                            "drain_timeout",
                            "max_connections",
                            "path",
                            "inline_max",
                            "durability",
                            "scrub_rate",
                            "scrub_every",
                            "enabled",
                            "keep_storage",
                            "reserved_space",
                            "min_free_space",
                            "filters",
                            "all",
                            "keep_duration",
                            "max_used_space",
                            "name",
                            "aliases",
                            "endpoints",
                            "default",
                            "tag_ttl",
                            "stale_if_error",
                            "username",
                            "password_file",
                            "ca_file",
                            "token_hosts",
                            "connect_timeout",
                            "first_byte_timeout",
                            "prefixes",
                            "level",
                            "format",
                            "access",
                            "file"}) {
        INFO(key);
        CHECK(std::regex_search(text.str(), std::regex("(^|\n)(# )?" + key + " = ")));
    }
}

TEST_CASE("what the annotated file has commented out is right once it counts") {
    std::stringstream text;
    text << std::ifstream(conf("layerd.toml")).rdbuf();
    auto const active = std::regex_replace(text.str(), std::regex("\n# (\\[\\[gc|[a-z_]+ = )"), "\n$1");
    auto const c = parse_config(active, "layerd.toml");
    if (c.has_error())
        FAIL(c.error().front().line << ": " << c.error().front().message);
    CHECK(c->store.path == "/var/lib/layerd");
    REQUIRE(c->gc.policies.size() == 1);
    CHECK(c->gc.policies[0].keep_duration == std::chrono::hours(30 * 24));
    CHECK(c->upstreams.at(0).username == "someone");
}

TEST_CASE("the minimal file leaves the built-in upstreams in place") {
    auto const c = loaded("minimal.toml");
    CHECK(c.upstreams == default_config().upstreams);
    CHECK(c.server.listen == std::vector<address>{{"::", 5000}});
    CHECK(c.gc.keep_storage == size_setting{50ull << 30, {}});
}
