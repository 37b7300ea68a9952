// [access], [[access.group]], [[access.oidc]] and [[access.rule]]. A rule that could never fit, for it names a group or
// an issuer that there is not, or asks for what is nowhere, is a mistake: what it was to forbid would be allowed.
#include "proxy/config/sections.h"
#include "proxy/upstream/origin.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace proxy {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::size_t most_rules = 1000; // each is looked at for each request until one fits
constexpr std::size_t most_groups = 1000;
constexpr std::size_t most_issuers = 16;

class access_reader {
public:
    access_reader(access_config& to, problem_list& problems) : to_(to), problems_(problems) {}

    void read(table_reader& in) {
        in.path("htpasswd_file", to_.htpasswd_file);
        in.path("client_ca_file", to_.client_ca_file);
        in.path("token_key_file", to_.token_key_file);
        in.duration("token_ttl", to_.token_ttl, seconds(60), hours(24)); // clients take less for a minute
        each(in, "group", most_groups, [this](toml::table const& t) { read_group(t); });
        each(in, "oidc", most_issuers, [this](toml::table const& t) { read_issuer(t); });
        each(in, "rule", most_rules, [this](toml::table const& t) { read_rule(t); });
        in.refuse("rules", "is not known: write each rule as [[access.rule]]");
        in.finish();
        bool const useless =
            to_.rules.empty() && (in.has("htpasswd_file") || in.has("client_ca_file") || in.has("oidc"));
        if (useless)
            in.problem(in.line_of("htpasswd_file"),
                       "[access] without an [[access.rule]] lets everybody do everything: say who may do what");
    }

private:
    template <class Read>
    static void each(table_reader& in, char const* key, std::size_t most, Read read) {
        std::size_t n = 0;
        for (auto const* table : in.tables(key)) {
            if (n++ == most) {
                in.problem(table->source().begin.line, fmt::format("more than {} sections [[access.{}]]", most, key));
                return;
            }
            read(*table);
        }
    }

    static void read_patterns(table_reader& in, char const* key, std::string_view example,
                              std::vector<name_pattern>& to) {
        bool bad = false;
        auto const add = [&](std::string const& text, std::size_t line) {
            auto pattern = name_pattern::parse(text);
            bad = bad || !pattern;
            if (pattern)
                to.push_back(*std::move(pattern));
            else
                in.problem(line,
                           fmt::format("{} in {} holds \"{}\", which {}", key, in.where(), text, pattern.error()));
        };
        bool const given = in.strings(key, example, add, table_reader::many);
        if (given && to.empty() && !bad)
            in.problem(in.line_of(key), fmt::format("{} in {} is empty and fits nothing: leave it out, or write {}",
                                                    key, in.where(), example));
    }

    void read_group(toml::table const& table) {
        table_reader in(table, "[[access.group]]", problems_);
        user_group g;
        in.text("name", g.name, 64);
        if (g.name.empty())
            in.problem(in.line_of("name"), "[[access.group]] needs a name, such as name = \"developers\"");
        if (std::ranges::find(to_.groups, g.name, &user_group::name) != to_.groups.end())
            in.problem(in.line_of("name"), fmt::format("\"{}\" already names a group", g.name));
        read_patterns(in, "users", R"(["alice"])", g.users);
        if (!in.has("users"))
            in.problem(in.line_of("name"), "[[access.group]] needs users, such as users = [\"alice\"]");
        in.finish();
        to_.groups.push_back(std::move(g));
    }

    void read_issuer(toml::table const& table) {
        table_reader in(table, "[[access.oidc]]", problems_);
        oidc_config o;
        in.text("name", o.name, 32);
        auto const legal = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
        if (o.name.empty() || !std::ranges::all_of(o.name, legal))
            in.problem(in.line_of("name"), "[[access.oidc]] needs a name of a-z, 0-9 and -, such as name = \"github\"");
        if (std::ranges::find(to_.issuers, o.name, &oidc_config::name) != to_.issuers.end())
            in.problem(in.line_of("name"), fmt::format("\"{}\" already names an issuer", o.name));
        in.text("issuer", o.issuer);
        in.text("audience", o.audience, 256);
        for (auto const& [key, value] : {std::pair("issuer", &o.issuer), std::pair("audience", &o.audience)})
            if (value->empty())
                in.problem(in.line_of(in.has(key) ? key : "name"),
                           fmt::format("[[access.oidc]] needs {}: a token must name it", key));
        in.text("jwks_url", o.jwks_url);
        in.path("jwks_file", o.jwks_file);
        if (in.has("jwks_url") && in.has("jwks_file"))
            in.problem(in.line_of("jwks_file"), "[[access.oidc]] takes one of jwks_url and jwks_file");
        if (o.jwks_file.empty())
            check_url(in, in.has("jwks_url") ? "jwks_url" : "issuer", in.has("jwks_url") ? o.jwks_url : o.issuer);
        in.path("ca_file", o.ca_file);
        in.duration("session", o.session, seconds(60), hours(24));
        in.finish();
        to_.issuers.push_back(std::move(o));
    }

    // Who can change what comes from there can be anybody.
    static void check_url(table_reader& in, char const* key, std::string const& url) {
        if (url.empty())
            return;
        auto const parsed = parse_location(url);
        if (!parsed) {
            in.problem(in.line_of(key), fmt::format("{} in [[access.oidc]] must be a URL such as "
                                                    "\"https://ci.example.com\"",
                                                    key));
            return;
        }
        boost::system::error_code ec;
        auto const ip = boost::asio::ip::make_address(parsed->at.host, ec);
        if (!parsed->at.tls && (ec || !ip.is_loopback()))
            in.problem(in.line_of(key), fmt::format("{} in [[access.oidc]] must begin with https://", key));
    }

    void read_rule(toml::table const& table) {
        table_reader in(table, "[[access.rule]]", problems_);
        access_rule r;
        read_who(in, r);
        read_what(in, r);
        read_patterns(in, "repositories", R"(["local/**"])", r.repositories);
        if (!r.repositories.empty() && std::ranges::all_of(r.actions, [](action a) { return a == action::admin; }))
            in.problem(in.line_of("repositories"), "admin in [[access.rule]] is of no repository");
        in.finish();
        to_.rules.push_back(std::move(r));
    }

    void read_who(table_reader& in, access_rule& r) {
        read_patterns(in, "users", R"(["alice", "ci-*"])", r.users);
        auto const add_group = [&](std::string const& name, std::size_t line) {
            if (std::ranges::find(to_.groups, name, &user_group::name) == to_.groups.end())
                in.problem(line, fmt::format("\"{}\" in [[access.rule]] is no [[access.group]]", name));
            r.groups.push_back(name);
        };
        bool const of_groups = in.strings("groups", R"(["developers"])", add_group, table_reader::many);
        bool bad = false;
        auto const add_network = [&](std::string const& text, std::size_t line) {
            auto const n = network::parse(text);
            bad = bad || !n;
            if (n)
                r.networks.push_back(*n);
            else
                in.problem(line, fmt::format("networks in [[access.rule]] holds \"{}\"; an entry is an address or a "
                                             "range without bits beyond its prefix, such as \"10.0.0.0/8\"",
                                             text));
        };
        bool const given = in.strings("networks", R"(["10.0.0.0/8"])", add_network, table_reader::many);
        if ((given && !bad && r.networks.empty()) || (of_groups && r.groups.empty()))
            in.problem(in.line_of(given && r.networks.empty() ? "networks" : "groups"),
                       "a list in [[access.rule]] is empty and fits nobody: leave it out");
        if (in.text("issuer", r.issuer) &&
            std::ranges::find(to_.issuers, r.issuer, &oidc_config::name) == to_.issuers.end())
            in.problem(in.line_of("issuer"), fmt::format("\"{}\" in [[access.rule]] is no [[access.oidc]]", r.issuer));
        read_claims(in, r);
        check_issuer(in, r);
    }

    // An issuer such as GitHub signs for all of its users, and those for whichever audience they like.
    void check_issuer(table_reader& in, access_rule const& r) {
        if (!r.issuer.empty() && std::ranges::find(to_.issuers, r.issuer, &oidc_config::name) == to_.issuers.end())
            return; // as was told
        bool const for_jobs = !r.issuer.empty() || !r.claims.empty();
        auto const means_jobs = [](name_pattern const& p) { return p.means_jobs(); };
        if (for_jobs && !r.users.empty() && std::ranges::none_of(r.users, means_jobs))
            in.problem(in.line_of("users"),
                       fmt::format("users in [[access.rule]] hold no job: those are called \"{}:SUBJECT\"",
                                   r.issuer.empty() ? "ISSUER" : r.issuer));
        bool const for_all = !r.issuer.empty() && r.claims.empty() && r.users.empty() && r.groups.empty();
        if (for_all && !in.has("deny"))
            in.problem(in.line_of("issuer"),
                       fmt::format("[[access.rule]] is for everybody whom \"{0}\" signs for: say for whom by claims, "
                                   "such as claims = {{ repository = \"acme/*\" }}, or users = [\"{0}:**\"] for all",
                                   r.issuer));
        if (r.issuer.empty() && !r.claims.empty() && to_.issuers.size() > 1 && !in.has("deny"))
            in.problem(in.line_of("claims"), "claims in [[access.rule]] could be any issuer's: say whose, such as "
                                             "issuer = \"" +
                                                 to_.issuers.front().name + "\"");
    }

    void read_claims(table_reader& in, access_rule& r) {
        auto const* table = in.table("claims");
        if (table == nullptr)
            return;
        table_reader claims(*table, "claims of [[access.rule]]", problems_);
        for (auto const& [key, value] : *table) {
            std::string const name(key.str());
            auto& [claim, patterns] = r.claims.emplace_back(name, std::vector<name_pattern>());
            std::string one;
            if (value.is_string() && claims.text(name.c_str(), one)) {
                if (auto pattern = name_pattern::parse(one))
                    patterns.push_back(*std::move(pattern));
                else
                    claims.problem(claims.line_of(name.c_str()), fmt::format("\"{}\" of the claim {} {}", one, name,
                                                                             name_pattern::parse(one).error()));
            } else {
                read_patterns(claims, name.c_str(), R"(["acme/*"])", patterns);
            }
        }
        claims.finish();
        if (r.claims.empty())
            in.problem(in.line_of("claims"), "claims in [[access.rule]] are none, which fits everybody: leave it out");
        if (to_.issuers.empty())
            in.problem(in.line_of("claims"),
                       "claims in [[access.rule]] are of tokens of an [[access.oidc]]: there is none");
    }

    static void read_what(table_reader& in, access_rule& r) {
        r.allows = !in.has("deny");
        auto const* key = r.allows ? "allow" : "deny";
        if (in.has("allow") == in.has("deny")) {
            in.problem(in.line_of(key), "[[access.rule]] needs one of allow and deny, such as allow = [\"pull\"]");
            for (auto const* known : {"allow", "deny"})
                in.known(known);
            return;
        }
        bool bad = false;
        bool const given = in.strings(key, R"(["pull", "push"])", [&](std::string const& text, std::size_t line) {
            auto const a = parse_action(text);
            bad = bad || !a;
            if (a)
                r.actions.push_back(*a);
            else
                in.problem(line, fmt::format("{} in [[access.rule]] holds \"{}\"; there are \"pull\", \"push\", "
                                             "\"delete\" and \"admin\"",
                                             key, text));
        });
        if (given && !bad && r.actions.empty())
            in.problem(in.line_of(key), "[[access.rule]] is about no action");
    }

    access_config& to_;
    problem_list& problems_;
};

} // namespace

void read_access(table_reader& in, problem_list& problems, access_config& to) {
    access_reader(to, problems).read(in);
}

} // namespace proxy
