// conf/layerd.toml is the annotated copy of default_config(): neither may change without the other.
#include "proxy/config/config.h"
#include "proxy/config/problems.h"
#include "tests/catch.h"

#include <filesystem>
#include <fstream>
#include <map>
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
    CHECK(file.server.request_timeout == built_in.server.request_timeout);
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

std::string text_of(char const* name) {
    std::stringstream text;
    text << std::ifstream(conf(name)).rdbuf();
    return text.str();
}

// As if every section and key that is commented out stood there.
std::string activated(std::string const& text) {
    std::regex const commented("\n# (\\[\\[(?:server|access|gc|upstream|stats|alert|trigger)|[a-z_]+ = )");
    return std::regex_replace(text, commented, "\n$1");
}

// What stands below each head, commented out or not, by that head; of several with the same head together.
std::map<std::string, std::string> sections(std::string const& text) {
    std::map<std::string, std::string> found;
    std::string head;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        std::smatch m;
        if (std::regex_search(line, m, std::regex(R"(^(# )?(\[\[?[a-z_.]+\]\]?))")))
            found[head = m[2]] += "\n";
        else
            found[head] += line + "\n";
    }
    return found;
}

// A section within another one, "[[gc.policy]]" of "[gc]", stands there by its head.
bool has_section(std::map<std::string, std::string> const& all, std::string const& in, std::string const& key) {
    auto const path = (in.empty() ? "" : std::regex_replace(in, std::regex(R"([\[\]])"), "") + ".") + key;
    return all.contains("[" + path + "]") || all.contains("[[" + path + "]]");
}

} // namespace

TEST_CASE("the annotated file shows every key that there is, in its section") {
    auto const text = text_of("layerd.toml");
    auto const all = sections(text);
    auto const known = known_keys(activated(text));
    CHECK(known.size() == 20); // each of them stands there
    for (auto const& [head, keys] : known) {
        if (head.starts_with("claims ")) // named by their issuer
            continue;
        std::set<std::string> const only_buildkits{"keep_bytes", "gckeepstorage"}; // which one sentence names
        INFO(head);
        REQUIRE((head.empty() || all.contains(head)));
        for (auto const& key : keys) {
            if (only_buildkits.contains(key))
                continue;
            INFO(key);
            bool const shown = std::regex_search(all.at(head), std::regex("(^|\n)(# )?" + key + " = |# or " + key));
            CHECK((shown || has_section(all, head, key)));
        }
    }
}

// Of an upstream each says what it is for, and the README says it too.
TEST_CASE("the annotated file has a word about every key of an upstream, and so has the README") {
    auto const text = text_of("layerd.toml"), readme = text_of("../README.md");
    auto const lines = sections(text).at("[[upstream]]");
    auto const keys = known_keys(text).at("[[upstream]]");
    for (auto const& key : keys) {
        if (key == "tag") // a section
            continue;
        INFO(key);
        CHECK(std::regex_search(lines, std::regex("(^|\n)(# )?" + key + " = .* # ")));
        CHECK(std::regex_search(readme, std::regex("\n    " + key + " = |`" + key + "`")));
    }
}

TEST_CASE("what the annotated file has commented out is right once it counts") {
    auto const c = parse_config(activated(text_of("layerd.toml")), "layerd.toml");
    if (c.has_error())
        FAIL(c.error().front().line << ": " << c.error().front().message);
    CHECK(c->store.path == "/var/lib/layerd");
    REQUIRE(c->server.certificates.size() == 1);
    CHECK(c->server.certificates[0].key_file == "/etc/layerd/tls/privkey.pem");
    REQUIRE(c->access.rules.size() == 4);
    CHECK(c->access.rules[1].claims.size() == 2);
    CHECK(c->access.issuers.at(0).session == std::chrono::hours(1));
    CHECK(c->access.issuers.at(1).jwks_file == "/etc/layerd/gitlab.jwks.json");
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
