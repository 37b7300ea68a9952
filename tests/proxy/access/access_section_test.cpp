// [access] of the file: what is read of it, and every mistake that is told with its line.
#include "proxy/config/rule_check.h"

#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

access_config parsed(std::string const& text) {
    auto c = parse_config(text, "test.toml");
    if (c.has_error())
        FAIL(c.error().front().line << ": " << c.error().front().message);
    return c->access;
}

lines problems(std::string const& text) {
    auto const c = parse_config(text, "test.toml");
    lines all;
    if (c.has_error())
        for (auto const& p : c.error())
            all.push_back(std::to_string(p.line) + ": " + p.message);
    return all;
}

bool has(std::string const& text, std::string const& problem) {
    for (auto const& p : problems(text)) {
        UNSCOPED_INFO(p);
        if (p == problem)
            return true;
    }
    return false;
}

std::string repeated(std::string const& text, std::size_t n) {
    std::string all;
    for (std::size_t i = 0; i < n; ++i)
        all += text;
    return all;
}

std::string group(std::string const& more) {
    return "[[access.group]]\n" + more;
}

std::string issuer(std::string const& more = "issuer = \"https://i.example\"\naudience = \"layerd\"\n") {
    return "[[access.oidc]]\nname = \"hub\"\n" + more;
}

std::string rule(std::string const& more) {
    return "[[access.rule]]\n" + more;
}

std::string const pull = "[[access.rule]]\nallow = [\"pull\"]\n"; // two lines
std::string const empty_pattern = "is empty: \"**\" stands for all";

} // namespace

TEST_CASE("access is read with all that it may hold") {
    auto const a = parsed(R"([access]
htpasswd_file = "/etc/layerd/users"
client_ca_file = "/etc/layerd/ca.pem"
token_key_file = "token-key"
token_ttl = "10m"
[[access.group]]
name = "developers"
users = ["alice", "dev-*"]
[[access.oidc]]
name = "github-1"
issuer = "https://token.actions.example.com"
audience = "https://registry.example.com"
jwks_url = "https://token.actions.example.com/keys"
ca_file = "/etc/ssl/ca.pem"
session = "2h"
[[access.oidc]]
name = "cluster"
issuer = "kubernetes/serviceaccount"
audience = "layerd"
jwks_file = "/etc/layerd/keys.json"
[[access.rule]]
users = ["github-1:*"]
groups = ["developers"]
networks = ["10.0.0.0/8", "::1"]
issuer = "github-1"
claims = {ref = "refs/heads/*", repository = ["acme/a", "acme/b"]}
allow = ["pull", "push", "delete"]
repositories = ["local/**"]
[[access.rule]]
deny = ["admin"]
)");
    CHECK(a.htpasswd_file == "/etc/layerd/users");
    CHECK(a.client_ca_file == "/etc/layerd/ca.pem");
    CHECK(a.token_key_file == "token-key");
    CHECK(a.token_ttl == 10min);
    REQUIRE(a.groups.size() == 1);
    CHECK(a.groups[0].name == "developers");
    REQUIRE(a.groups[0].users.size() == 2);
    CHECK(a.groups[0].users[1].text() == "dev-*");
    REQUIRE(a.issuers.size() == 2);
    CHECK(a.issuers[0] == oidc_config{"github-1", "https://token.actions.example.com", "https://registry.example.com",
                                      "https://token.actions.example.com/keys", "", "/etc/ssl/ca.pem", 7200s});
    CHECK(a.issuers[1] == oidc_config{"cluster", "kubernetes/serviceaccount", "layerd", "", "/etc/layerd/keys.json"});
    REQUIRE(a.rules.size() == 2);
    auto const& r = a.rules[0];
    CHECK(r.users.size() == 1);
    CHECK(r.groups == lines{"developers"});
    CHECK(r.networks.size() == 2);
    CHECK(r.issuer == "github-1");
    REQUIRE(r.claims.size() == 2);
    CHECK(r.claims[0].first == "ref");
    CHECK(r.claims[0].second.at(0).text() == "refs/heads/*");
    CHECK(r.claims[1].second.size() == 2);
    CHECK(r.actions == std::vector{action::pull, action::push, action::remove});
    CHECK(r.repositories.at(0).text() == "local/**");
    CHECK(r.allows);
    CHECK_FALSE(a.rules[1].allows);
    CHECK(a.rules[1].actions == std::vector{action::admin});
}

TEST_CASE("without access all is open, and as it is by default") {
    CHECK(parsed("") == access_config{});
    CHECK(parsed("[access]\n") == access_config{});
    CHECK(parsed("").is_open());
    CHECK(parsed("").token_ttl == 5min);
    CHECK_FALSE(parsed(pull).is_open());
}

TEST_CASE("users without a rule are a mistake, for everybody could do everything") {
    std::string const why = "[access] without an [[access.rule]] lets everybody do everything: say who may do what";
    CHECK(problems("[access]\ntoken_ttl = \"5m\"\nhtpasswd_file = \"users\"\n") == lines{"3: " + why});
    CHECK(problems("[access]\nclient_ca_file = \"ca.pem\"\n") == lines{"1: " + why});
    CHECK(problems("[access]\n" + issuer()) == lines{"1: " + why});
    CHECK(problems("[access]\nhtpasswd_file = \"users\"\n" + pull).empty());
}

TEST_CASE("lives of tokens and sessions have bounds") {
    CHECK(problems(pull + "[access]\ntoken_ttl = \"59s\"\n") ==
          lines{"4: token_ttl in [access] must be from 1m to 1d, not \"59s\""});
    CHECK(problems(pull + "[access]\ntoken_ttl = \"25h\"\n").size() == 1);
    CHECK(problems(pull + issuer() + "session = \"1s\"\n") ==
          lines{"7: session in [[access.oidc]] must be from 1m to 1d, not \"1s\""});
}

TEST_CASE("a list of rules is written section by section") {
    CHECK(problems("[access]\nrules = []\n") ==
          lines{"2: rules in [access] is not known: write each rule as [[access.rule]]"});
    CHECK(problems("[access.rule]\nallow = [\"pull\"]\n") ==
          lines{"1: access.rule is a list of sections: write each as [[access.rule]]"});
    CHECK(problems(pull + "[access]\nhtpaswd_file = \"a\"\n") ==
          lines{"4: unknown key \"htpaswd_file\" in [access]; did you mean \"htpasswd_file\"?"});
    CHECK(problems(pull + "repos = [\"a\"]\n").at(0).starts_with("3: unknown key \"repos\" in [[access.rule]]"));
    CHECK(problems(pull + group("name = \"g\"\nusers = [\"a\"]\nmembers = [\"a\"]\n")).size() == 1);
    CHECK(problems(pull + issuer() + "jwks = \"a\"\n").size() == 1);
}

TEST_CASE("there are bounds to how many sections there are") {
    CHECK(problems(repeated(pull, 1000)).empty());
    CHECK(problems(repeated(pull, 1002)) == lines{"2001: more than 1000 sections [[access.rule]]"});
    std::string groups = pull, issuers = pull;
    for (int i = 0; i < 1001; ++i)
        groups += group("name = \"g" + std::to_string(i) + "\"\nusers = [\"a\"]\n");
    CHECK(problems(groups) == lines{"3003: more than 1000 sections [[access.group]]"});
    for (int i = 0; i < 17; ++i)
        issuers += "[[access.oidc]]\nname = \"h" + std::to_string(i) +
                   "\"\nissuer = \"https://i.example\"\naudience = \"layerd\"\n";
    CHECK(problems(issuers) == lines{"67: more than 16 sections [[access.oidc]]"});
}

TEST_CASE("a group needs a name of its own and users") {
    CHECK(problems(pull + group("users = [\"a\"]\n")) ==
          lines{"3: [[access.group]] needs a name, such as name = \"developers\""});
    CHECK(problems(pull + group("name = \"\"\nusers = [\"a\"]\n")) ==
          lines{"4: [[access.group]] needs a name, such as name = \"developers\""});
    CHECK(problems(pull + group("name = \"g\"\n")) ==
          lines{"4: [[access.group]] needs users, such as users = [\"alice\"]"});
    CHECK(problems(pull + group("name = \"g\"\nusers = []\n")) ==
          lines{"5: users in [[access.group]] is empty and fits nothing: leave it out, or write [\"alice\"]"});
    CHECK(problems(pull + group("name = \"g\"\nusers = [\"a\"]\n") + group("users = [\"b\"]\nname = \"g\"\n")) ==
          lines{"8: \"g\" already names a group"});
    CHECK(problems(pull + group("name = \"" + std::string(65, 'g') + "\"\nusers = [\"a\"]\n")).size() >= 1);
}

TEST_CASE("patterns that are none are told with their line") {
    CHECK(problems(pull + group("name = \"g\"\nusers = [\n\"a\",\n\"b c\"]\n")) ==
          lines{"7: users in [[access.group]] holds \"b c\", which holds a space or a control character"});
    CHECK(problems(rule("users = [\"a\", \"\"]\nallow = [\"pull\"]\n")) ==
          lines{"2: users in [[access.rule]] holds \"\", which " + empty_pattern});
    CHECK(
        problems(rule("allow = [\"pull\"]\nrepositories = [\"**\", \"b/***\"]\n")) ==
        lines{"3: repositories in [[access.rule]] holds \"b/***\", which holds \"***\": \"*\" and \"**\" are all there "
              "is"});
    CHECK(problems(rule("users = []\nallow = [\"pull\"]\n")) ==
          lines{"2: users in [[access.rule]] is empty and fits nothing: leave it out, or write [\"alice\", \"ci-*\"]"});
    CHECK(problems(rule("allow = [\"pull\"]\nrepositories = []\n")) ==
          lines{"3: repositories in [[access.rule]] is empty and fits nothing: leave it out, or write [\"local/**\"]"});
    CHECK(has(rule("users = \"alice\"\nallow = [\"pull\"]\n"),
              "2: users in [[access.rule]] must be a list of strings, such as [\"alice\", \"ci-*\"], not \"alice\""));
}

TEST_CASE("an issuer needs a name of its own that can stand before a colon") {
    std::string const why = "[[access.oidc]] needs a name of a-z, 0-9 and -, such as name = \"github\"";
    std::string const rest = "issuer = \"https://i.example\"\naudience = \"layerd\"\n";
    CHECK(problems(pull + "[[access.oidc]]\n" + rest) == lines{"3: " + why});
    for (auto const* name : {"", "GitHub", "a:b", "a b", "a/b", "a_b", "\xc3\xa4"}) {
        INFO(name);
        CHECK(problems(pull + "[[access.oidc]]\nname = \"" + name + "\"\n" + rest) == lines{"4: " + why});
    }
    CHECK(problems(pull + issuer() + issuer()) == lines{"8: \"hub\" already names an issuer"});
}

TEST_CASE("an issuer needs what a token must name") {
    CHECK(problems(pull + issuer("audience = \"layerd\"\n")) ==
          lines{"4: [[access.oidc]] needs issuer: a token must name it"});
    CHECK(problems(pull + issuer("issuer = \"https://i.example\"\n")) ==
          lines{"4: [[access.oidc]] needs audience: a token must name it"});
    CHECK(problems(pull + issuer("")) == lines{"4: [[access.oidc]] needs issuer: a token must name it",
                                               "4: [[access.oidc]] needs audience: a token must name it"});
}

TEST_CASE("what a token must name is not nothing") {
    CHECK_FALSE(problems(pull + issuer("issuer = \"\"\naudience = \"layerd\"\njwks_file = \"keys\"\n")).empty());
    CHECK_FALSE(
        problems(pull + issuer("issuer = \"\"\naudience = \"a\"\njwks_url = \"https://i.example/k\"\n")).empty());
    CHECK_FALSE(problems(pull + issuer("issuer = \"https://i.example\"\naudience = \"\"\n")).empty());
}

TEST_CASE("an issuer's keys come from one place, over TLS or from this machine") {
    std::string const rest = "issuer = \"https://i.example\"\naudience = \"layerd\"\n";
    CHECK(problems(pull + issuer(rest + "jwks_url = \"https://i.example/keys\"\njwks_file = \"keys.json\"\n")) ==
          lines{"8: [[access.oidc]] takes one of jwks_url and jwks_file"});
    CHECK(problems(pull + issuer(rest + "jwks_url = \"keys\"\n")) ==
          lines{"7: jwks_url in [[access.oidc]] must be a URL such as \"https://ci.example.com\""});
    CHECK(problems(pull + issuer(rest + "jwks_url = \"http://i.example/keys\"\n")) ==
          lines{"7: jwks_url in [[access.oidc]] must begin with https://"});
    CHECK(problems(pull + issuer("issuer = \"http://10.0.0.1\"\naudience = \"layerd\"\n")) ==
          lines{"5: issuer in [[access.oidc]] must begin with https://"});
    CHECK(problems(pull + issuer("issuer = \"kubernetes\"\naudience = \"layerd\"\n")) ==
          lines{"5: issuer in [[access.oidc]] must be a URL such as \"https://ci.example.com\""});
    for (auto const* local : {"http://127.0.0.1:8080/keys", "http://[::1]/keys"})
        CHECK(problems(pull + issuer(rest + "jwks_url = \"" + local + "\"\n")).empty());
    CHECK(problems(pull + issuer("issuer = \"kubernetes\"\naudience = \"layerd\"\njwks_file = \"keys\"\n")).empty());
    CHECK(problems(pull + issuer("issuer = \"https://i.example/realms/a\"\naudience = \"layerd\"\n")).empty());
}

TEST_CASE("an issuer's keys may be where most issuers have them") {
    std::string const rest = "issuer = \"https://i.example\"\naudience = \"layerd\"\n";
    for (auto const* url : {"https://i.example/.well-known/jwks", "https://i.example/.well-known/jwks.json",
                            "https://i.example/oauth/discovery/keys", "https://i.example/oauth/v2"}) {
        INFO(url);
        CHECK(problems(pull + issuer(rest + "jwks_url = \"" + url + "\"\n")) == lines{});
    }
    CHECK(problems(pull + issuer("issuer = \"https://i.example/v2\"\naudience = \"layerd\"\n")) == lines{});
}

TEST_CASE("a rule allows or denies, something, and not both") {
    std::string const why = "[[access.rule]] needs one of allow and deny, such as allow = [\"pull\"]";
    CHECK(has(rule("users = [\"a\"]\n"), "1: " + why));
    CHECK(problems(rule("allow = [\"pull\"]\nusers = [\"a\"]\ndeny = [\"push\"]\n")) == lines{"4: " + why});
    CHECK(problems(rule("allow = []\n")) == lines{"2: [[access.rule]] is about no action"});
    CHECK(problems(rule("deny = []\n")) == lines{"2: [[access.rule]] is about no action"});
    CHECK(problems(rule("allow = [\"pull\",\n\"write\"]\n")) ==
          lines{"3: allow in [[access.rule]] holds \"write\"; there are \"pull\", \"push\", \"delete\" and \"admin\""});
    CHECK(problems(rule("deny = [\"pull\", \"*\"]\n")) ==
          lines{"2: deny in [[access.rule]] holds \"*\"; there are \"pull\", \"push\", \"delete\" and \"admin\""});
    CHECK(problems(rule("allow = [\"admin\"]\nrepositories = [\"local/**\"]\n")) ==
          lines{"3: admin in [[access.rule]] is of no repository"});
}

TEST_CASE("a rule about whom there is not is a mistake") {
    CHECK(problems(pull + group("name = \"g\"\nusers = [\"a\"]\n") +
                   rule("groups = [\"g\",\n\"h\"]\nallow = [\"pull\"]\n")) ==
          lines{"8: \"h\" in [[access.rule]] is no [[access.group]]"});
    CHECK(problems(rule("allow = [\"pull\"]\ngroups = []\n")) ==
          lines{"3: a list in [[access.rule]] is empty and fits nobody: leave it out"});
    CHECK(problems(rule("allow = [\"pull\"]\nnetworks = []\n")) ==
          lines{"3: a list in [[access.rule]] is empty and fits nobody: leave it out"});
    CHECK(problems(rule("networks = [\"::1\",\n\"10.0.0.1/8\"]\nallow = [\"pull\"]\n")) ==
          lines{"3: networks in [[access.rule]] holds \"10.0.0.1/8\"; an entry is an address or a range without bits "
                "beyond its prefix, such as \"10.0.0.0/8\""});
    CHECK(problems(pull + issuer() + rule("issuer = \"hubb\"\nallow = [\"pull\"]\n")) ==
          lines{"8: \"hubb\" in [[access.rule]] is no [[access.oidc]]"});
    CHECK(problems(rule("issuer = \"\"\nallow = [\"pull\"]\n")) ==
          lines{"2: \"\" in [[access.rule]] is no [[access.oidc]]"});
}

TEST_CASE("a group may have as many users as a directory of people has, a list that nobody means to write is refused") {
    auto const of = [](std::size_t n) {
        return pull + group("name = \"g\"\nusers = [" + repeated("\"a\",", n) + "]\n") +
               rule("networks = [" + repeated("\"::1\",", n) + "]\ngroups = [" + repeated("\"g\",", n) +
                    "]\nallow = [\"pull\"]\n");
    };
    CHECK(problems(of(1024)).empty());
    CHECK(problems(of(1025)).size() == 3);
    CHECK(has(of(1025), "5: users in [[access.group]] must hold at most 1024 strings, not 1025"));
}

TEST_CASE("a group or an issuer may stand behind the rule that names it") {
    CHECK(problems(rule("groups = [\"g\"]\nissuer = \"hub\"\nallow = [\"pull\"]\n") + issuer() +
                   group("name = \"g\"\nusers = [\"a\"]\n"))
              .empty());
}

TEST_CASE("claims are of an issuer's token, and each has values") {
    CHECK(problems(rule("allow = [\"pull\"]\nclaims = {ref = \"main\"}\n")) ==
          lines{"3: claims in [[access.rule]] are of tokens of an [[access.oidc]]: there is none"});
    CHECK(problems(issuer() + rule("allow = [\"pull\"]\nclaims = {ref = \"a b\"}\n")) ==
          lines{"7: \"a b\" of the claim ref holds a space or a control character"});
    CHECK(problems(issuer() + rule("allow = [\"pull\"]\nclaims = {ref = \"\"}\n")) ==
          lines{"7: \"\" of the claim ref " + empty_pattern});
    CHECK(problems(issuer() + rule("allow = [\"pull\"]\nclaims = {ref = []}\n")) ==
          lines{"7: ref in claims of [[access.rule]] is empty and fits nothing: leave it out, or write [\"acme/*\"]"});
    CHECK(problems(issuer() + rule("allow = [\"pull\"]\nclaims = {ref = [\"a\", \"b c\"]}\n")) ==
          lines{"7: ref in claims of [[access.rule]] holds \"b c\", which holds a space or a control character"});
    CHECK(problems(issuer() + rule("allow = [\"pull\"]\nclaims = {ref = 5}\n")).size() == 1);
    CHECK(problems(issuer() + rule("allow = [\"pull\"]\nclaims = \"ref\"\n")) ==
          lines{"7: claims must be a section [claims], not \"ref\""});
    CHECK(problems(issuer() + rule("allow = [\"pull\"]\n[access.rule.claims]\nref = \"main\"\n")).empty());
}

TEST_CASE("claims without any are a mistake, for they would fit everybody") {
    CHECK_FALSE(problems(issuer() + rule("allow = [\"push\"]\nclaims = {}\n")).empty());
}

TEST_CASE("an admin API that others could reach needs a rule, and the line says so") {
    auto const open = std::string("[server]\nlisten = [\":5000\"]\nadmin_listen = [\"127.0.0.1:5001\", \":5002\"]\n");
    CHECK(problems(open).size() == 1);
    CHECK(problems(open).front().starts_with("3: the admin API at [::]:5002 could be reached from other machines"));
    CHECK(problems(open + pull).size() == 1);
    CHECK(problems(open + rule("users = [\"a\"]\nallow = [\"admin\"]\n")).empty());
}

TEST_CASE("one mistake is told once") {
    for (auto const& text :
         {rule("users = [\"a b\"]\nallow = [\"pull\"]\n"), rule("allow = [\"write\"]\n"), rule("users = [\"a\"]\n"),
          rule("networks = [\"lan\"]\nallow = [\"pull\"]\n"), rule("allow = \"pull\"\n"),
          rule("networks = \"::1\"\nallow = [\"pull\"]\n"), pull + group("name = \"g\"\nusers = [\"a b\"]\n")}) {
        INFO(text);
        CHECK(problems(text).size() == 1);
    }
}

TEST_CASE("the admin API is not for other machines until a rule says whose it is") {
    auto const of = [](lines const& listen, std::string const& rules) {
        std::vector<address> admin;
        for (auto const& a : listen)
            admin.push_back(*parse_address(a));
        return unguarded_admin(admin, parsed(rules));
    };
    auto const why = [](std::string const& where) {
        return "the admin API at " + where +
               " could be reached from other machines, and no rule says by whom: listen on 127.0.0.1 or ::1, or write "
               "an [[access.rule]] with users and allow = [\"admin\"]";
    };
    CHECK(of({}, "").empty());
    CHECK(of({"127.0.0.1:5001", "[::1]:5001", "127.1.2.3:5001"}, "").empty());
    CHECK(of({":5001"}, "") == why("[::]:5001"));
    CHECK(of({"0.0.0.0:5001"}, "") == why("0.0.0.0:5001"));
    CHECK(of({"127.0.0.1:5001", "10.0.0.1:5001", ":5002"}, "") == why("10.0.0.1:5001"));
    CHECK(of({"https://10.0.0.1:5001"}, "") == why("https://10.0.0.1:5001"));
    CHECK(of({":5001"}, pull) == why("[::]:5001"));
    CHECK(of({":5001"}, rule("deny = [\"admin\"]\n")) == why("[::]:5001"));
    CHECK(of({":5001"}, rule("users = [\"root\"]\nallow = [\"pull\", \"admin\"]\n")).empty());
    CHECK(of({":5001"}, pull + rule("networks = [\"10.0.0.0/8\"]\nallow = [\"admin\"]\n")).empty());
    CHECK(of({":5001"}, rule("allow = [\"pull\", \"admin\"]\n")) ==
          "the admin API at [::]:5001 could be reached from other machines, and an [[access.rule]] allows admin to "
          "everybody: name users, groups or networks in it");
    CHECK(of({"127.0.0.1:5001"}, rule("allow = [\"pull\", \"admin\"]\n")).empty());
}

TEST_CASE("a rule about repositories that cannot be here is told, for it would forbid nothing") {
    auto const about = [](std::string const& pattern) {
        auto const all = problems(rule("deny = [\"pull\"]\nrepositories = [\n\"local/app\", \"" + pattern + "\"]\n"));
        REQUIRE(all.size() <= 1);
        std::string const before = "4: \"" + pattern + "\" in repositories of [[access.rule]] ";
        if (all.empty())
            return std::string();
        REQUIRE(all.front().starts_with(before));
        return all.front().substr(before.size());
    };
    std::string const unknown = "begins with no upstream and no hosted prefix: those are local, docker.io, ghcr.io";
    for (auto const* good : {"*", "**", "local/**", "local/*", "local/a/b", "loc*/app", "*/app", "l**", "docker.io/**",
                             "docker.io/library/alpine", "docker.io/library/*", "docker.io/acme/app", "docker.io/a**",
                             "ghcr.io/*", "ghcr.io/acme"}) {
        INFO(good);
        CHECK(about(good).empty());
    }
    CHECK(about("dokcer.io/**") == unknown);
    CHECK(about("locl/**") == unknown);
    CHECK(about("https://ghcr.io/x") == unknown);
    CHECK(about("local/Team/**") == "has capitals, which no repository has");
    CHECK(about("index.docker.io/secret/**") == "is called docker.io/secret/** here");
    CHECK(about("docker.io/alpine") == "is called docker.io/library/alpine here");
    CHECK(about("docker.io/*") == "fits nothing: all of it is \"docker.io/**\"");
    CHECK(about("alpine") == "names no repository: what is below it is meant by \"alpine/**\"");
    CHECK(about("local") == "names no repository: what is below it is meant by \"local/**\"");
    CHECK(about("loc*") == "names no repository: what is below it is meant by \"loc*/**\"");
}

TEST_CASE("upstreams and prefixes of the file are what rules may be about") {
    std::string const registries = "[[upstream]]\nname = \"r.example:5000\"\nendpoints = "
                                   "[\"https://r.example\"]\n[hosted]\nprefixes = [\"team\"]\n";
    auto const of = [&](std::string const& pattern) {
        return problems(rule("allow = [\"pull\"]\nrepositories = [\"" + pattern + "\"]\n") + registries).size();
    };
    CHECK(of("r.example:5000/app") == 0);
    CHECK(of("team/**") == 0);
    CHECK(of("r.example/app") == 1);
    CHECK(of("local/**") == 1);
}

TEST_CASE("a rule for an issuer's jobs says which of them") {
    auto const of = [](std::string const& more, std::string const& before = issuer()) {
        return problems(before + rule(more));
    };
    CHECK(
        of("issuer = \"hub\"\nallow = [\"push\"]\n") ==
        lines{"6: [[access.rule]] is for everybody whom \"hub\" signs for: say for whom by claims, such as claims = { "
              "repository = \"acme/*\" }, or users = [\"hub:**\"] for all"});
    CHECK(of("issuer = \"hub\"\ndeny = [\"push\"]\n").empty());
    CHECK(of("issuer = \"hub\"\nusers = [\"hub:**\"]\nallow = [\"push\"]\n").empty());
    CHECK(of("issuer = \"hub\"\nclaims = {ref = \"main\"}\nallow = [\"push\"]\n").empty());
    for (auto const* user : {"*", "alice"})
        CHECK(of("issuer = \"hub\"\nusers = [\"" + std::string(user) + "\"]\ndeny = [\"push\"]\n") ==
              lines{"7: users in [[access.rule]] hold no job: those are called \"hub:SUBJECT\""});
    auto const two = issuer() + "[[access.oidc]]\nname = \"lab\"\nissuer = \"https://l.example\"\naudience = \"l\"\n";
    CHECK(of("claims = {ref = \"main\"}\nallow = [\"push\"]\n").empty());
    CHECK(of("claims = {ref = \"main\"}\nallow = [\"push\"]\n", two) ==
          lines{"10: claims in [[access.rule]] could be any issuer's: say whose, such as issuer = \"hub\""});
}
