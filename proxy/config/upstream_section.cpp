// [[upstream]] and [hosted]: the first components of every name that clients may ask for. No two may be alike, or
// the same path would mean two things.
#include "oci/reference.h"
#include "proxy/config/sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool is_component(std::string_view text) {
    auto const parsed = oci::repository::parse(text);
    return parsed && parsed->has_one_component();
}

// What clients call a registry: a host name in lower case, with its port where it has one.
bool is_registry_name(std::string_view text) {
    auto const colon = text.find(':');
    if (colon == text.npos)
        return is_component(text);
    auto const port = text.substr(colon + 1);
    return is_component(text.substr(0, colon)) && !port.empty() && port.size() <= 5 &&
           std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
}

constexpr seconds ten_years{10ll * 365 * 24 * 3600};

class upstreams_reader {
public:
    explicit upstreams_reader(problem_list& problems) : problems_(problems) {}

    void read(toml::table const& table) {
        table_reader in(table, "[[upstream]]", problems_);
        upstream_config u;
        read_names(in, u);
        read_endpoints(in, u);
        read_default(in, u);
        read_staleness(in, u);
        read_credentials(in, u);
        in.choice<upstream_access>("access", u.access,
                                   {{"shared", upstream_access::shared}, {"per-client", upstream_access::per_client}});
        in.duration("access_ttl", u.access_ttl, seconds(1), seconds(24 * 3600));
        in.path("ca_file", u.ca_file);
        read_token_hosts(in, u);
        in.milliseconds("connect_timeout", u.connect_timeout, milliseconds(100), seconds(60));
        in.milliseconds("first_byte_timeout", u.first_byte_timeout, seconds(1), seconds(300));
        in.milliseconds("idle_timeout", u.idle_timeout, seconds(1), seconds(3600));
        in.integer("retries", u.retries, 0, 10);
        in.milliseconds("hedge_after", u.hedge_after, milliseconds(0), seconds(300));
        read_caps(in, u);
        in.integer("parallel_ranges", u.parallel_ranges, 1, 16);
        in.choice<prefetch_mode>(
            "prefetch", u.prefetch,
            {{"auto", prefetch_mode::automatic}, {"on", prefetch_mode::on}, {"off", prefetch_mode::off}});
        in.number("price_per_gb", u.price_per_gb, 0, 1000);
        in.finish();
        upstreams_.push_back(std::move(u));
    }

    std::vector<upstream_config> take() {
        if (default_line_ == 0 && !upstreams_.empty())
            upstreams_.front().is_default = true;
        return std::move(upstreams_);
    }

private:
    void read_names(table_reader& in, upstream_config& u) {
        if (in.text("name", u.name))
            claim(in, u.name, in.line_of("name"));
        else if (!in.has("name"))
            in.problem(in.line_of("name"),
                       "[[upstream]] needs a name: what clients call the registry, such as name = \"ghcr.io\"");
        in.strings("aliases", R"(["index.docker.io"])", [&](std::string const& alias, std::size_t line) {
            if (claim(in, alias, line))
                u.aliases.push_back(alias);
        });
    }

    // Names and aliases share one space.
    bool claim(table_reader& in, std::string const& name, std::size_t line) {
        if (!is_registry_name(name) || name == "v2") {
            in.problem(line,
                       fmt::format("\"{}\" in [[upstream]] cannot name a registry: it must be like \"ghcr.io\" or "
                                   "\"registry.example.com:5000\", in lower case, without scheme or path",
                                   name));
            return false;
        }
        auto const [at, fresh] = names_.emplace(name, line);
        if (!fresh)
            in.problem(line, fmt::format("\"{}\" already names an upstream in line {}", name, at->second));
        return fresh;
    }

    void read_endpoints(table_reader& in, upstream_config& u) {
        constexpr auto example = R"(["https://registry-1.docker.io"])";
        bool bad = false;
        bool const given = in.strings("endpoints", example, [&](std::string const& text, std::size_t line) {
            auto const e = parse_endpoint(text);
            bad = bad || !e;
            if (!e)
                // No URL here: it may hold a password, and messages go to logs.
                in.problem(line, fmt::format("an entry of endpoints in [[upstream]] {}", e.error()));
            else if (std::find(u.endpoints.begin(), u.endpoints.end(), *e) != u.endpoints.end())
                in.problem(line, fmt::format("endpoints in [[upstream]] holds {} twice", e->to_string()));
            else
                u.endpoints.push_back(*e);
        });
        if ((given || !in.has("endpoints")) && u.endpoints.empty() && !bad)
            in.problem(in.line_of("endpoints"),
                       fmt::format("[[upstream]] needs at least one endpoint, such as endpoints = {}", example));
    }

    void read_default(table_reader& in, upstream_config& u) {
        if (!in.boolean("default", u.is_default) || !u.is_default)
            return;
        auto const line = in.line_of("default");
        if (default_line_ != 0)
            in.problem(line, fmt::format("only one upstream may be the default; line {} says default = true already",
                                         default_line_));
        else
            default_line_ = line;
    }

    void read_credentials(table_reader& in, upstream_config& u) {
        in.text("username", u.username);
        in.path("password_file", u.password_file);
        in.refuse("password", "is refused, so that no secret stands in this file: put it in a file of its own and "
                              "name that in password_file");
        if (u.username.empty() != u.password_file.empty())
            in.problem(in.line_of(u.username.empty() ? "password_file" : "username"),
                       u.username.empty() ? "password_file in [[upstream]] needs a username beside it"
                                          : "username in [[upstream]] needs a password_file beside it");
    }

    void read_caps(table_reader& in, upstream_config& u) {
        constexpr std::uint64_t least_bandwidth = 64 * 1024; // less would pause for longer than clients wait
        in.integer("max_requests", u.max_requests, 0, 65536);
        in.size("max_bandwidth", u.max_bandwidth, 0, 1ull << 40);
        if (u.max_bandwidth != 0 && u.max_bandwidth < least_bandwidth)
            in.problem(in.line_of("max_bandwidth"), "max_bandwidth in [[upstream]] must be 0 or at least 64KiB");
    }

    void read_staleness(table_reader& in, upstream_config& u) {
        in.duration("tag_ttl", u.tag_ttl, seconds(0), ten_years);
        in.duration("stale_while_revalidate", u.stale_while_revalidate, seconds(0), ten_years);
        in.milliseconds("revalidate_wait", u.revalidate_wait, seconds(0), seconds(60));
        in.duration("stale_if_error", u.stale_if_error, seconds(0), ten_years);
        in.duration("negative_ttl", u.negative_ttl, seconds(0), seconds(3600));
        constexpr std::size_t most = 64;
        for (auto const* table : in.tables("tag")) {
            if (u.tag_rules.size() == most) {
                in.problem(table->source().begin.line, fmt::format("more than {} sections [[upstream.tag]]", most));
                break;
            }
            read_tag_rule(*table, u);
        }
    }

    void read_tag_rule(toml::table const& table, upstream_config& u) {
        table_reader in(table, "[[upstream.tag]]", problems_);
        std::string text;
        seconds ttl{0};
        bool const has_match = in.text("match", text);
        bool const has_ttl = in.duration("ttl", ttl, seconds(0), ten_years);
        in.finish();
        for (auto const* key : {"match", "ttl"})
            if (!in.has(key))
                in.problem(in.line_of(key), fmt::format("[[upstream.tag]] needs {}, such as match = '^v?[0-9.]+$' and "
                                                        "ttl = \"30d\"",
                                                        key));
        if (!has_match)
            return;
        auto const pattern = tag_pattern::parse(text);
        if (!pattern)
            in.problem(in.line_of("match"), fmt::format("match in [[upstream.tag]] {}", pattern.error()));
        else if (has_ttl)
            u.tag_rules.push_back({*pattern, ttl});
    }

    void read_token_hosts(table_reader& in, upstream_config& u) {
        in.strings("token_hosts", R"(["auth.example.com"])", [&](std::string const& host, std::size_t line) {
            if (is_registry_name(host))
                u.token_hosts.push_back(host);
            else
                in.problem(line,
                           fmt::format("token_hosts in [[upstream]] holds \"{}\"; an entry is a host name in lower "
                                       "case, such as \"auth.example.com\", without scheme or path",
                                       host));
        });
    }

    problem_list& problems_;
    std::vector<upstream_config> upstreams_;
    std::map<std::string, std::size_t> names_; // with the line of each
    std::size_t default_line_ = 0;
};

bool names_upstream(std::string const& prefix, std::vector<upstream_config> const& upstreams) {
    return std::any_of(upstreams.begin(), upstreams.end(), [&](upstream_config const& u) {
        return u.name == prefix || std::find(u.aliases.begin(), u.aliases.end(), prefix) != u.aliases.end();
    });
}

} // namespace

std::vector<upstream_config> read_upstreams(std::vector<toml::table const*> const& tables, problem_list& problems) {
    constexpr std::size_t most = 256;
    upstreams_reader reader(problems);
    for (std::size_t i = 0; i < tables.size() && i < most; ++i)
        reader.read(*tables[i]);
    if (tables.size() > most)
        problems.add(tables[most]->source().begin.line, fmt::format("more than {} sections [[upstream]]", most));
    return reader.take();
}

void read_hosted(table_reader& in, std::vector<upstream_config> const& upstreams, hosted_config& to) {
    in.boolean("enabled", to.enabled);
    in.boolean("read_only", to.read_only);
    in.duration("grace", to.grace, std::chrono::minutes(1), std::chrono::hours(24 * 365));
    in.size_or_percent("max_used_space", to.max_used_space);
    in.duration("upload_ttl", to.upload_ttl, std::chrono::minutes(1), std::chrono::hours(24 * 365));
    in.size("max_blob_size", to.max_blob_size, 0, 1ull << 50);
    in.integer("max_uploads_per_client", to.max_uploads_per_client, 1, 10'000);
    std::vector<std::string> found;
    bool const given = in.strings("prefixes", R"(["local"])", [&](std::string const& prefix, std::size_t line) {
        if (!is_component(prefix) || prefix == "v2")
            in.problem(line,
                       fmt::format("prefixes in [hosted] holds \"{}\"; a prefix is one part of a repository's name, "
                                   "such as \"local\": lower-case letters, digits, and single . _ - inside",
                                   prefix));
        else if (names_upstream(prefix, upstreams))
            in.problem(line, fmt::format("prefixes in [hosted] holds \"{}\", which names an upstream", prefix));
        else if (prefix == "library")
            in.problem(
                line,
                "prefixes in [hosted] must not hold \"library\": that is where Docker Hub keeps its official images");
        else if (std::find(found.begin(), found.end(), prefix) != found.end())
            in.problem(line, fmt::format("prefixes in [hosted] holds \"{}\" twice", prefix));
        else
            found.push_back(prefix);
    });
    if (given)
        to.prefixes = std::move(found);
    else
        std::erase_if(to.prefixes, [&](auto const& p) { return names_upstream(p, upstreams); });
    in.finish();
}

std::chrono::seconds upstream_config::ttl_of(std::string_view tag) const noexcept {
    for (auto const& rule : tag_rules)
        if (rule.match.matches(tag))
            return rule.ttl;
    return tag_ttl;
}

} // namespace proxy
