// What rules are about: actions and repositories, in tables; and what is to be told of a set of rules as a whole.
#include "tests/proxy/access/rule_table.h"

using namespace proxy;
using tests::caller_of;
using tests::check_rows;
using tests::rules_of;

TEST_CASE("a repository is matched by its whole name, and one star does not cross a slash") {
    check_rows(R"(
[[access.rule]]
repositories = ["local/exact", "local/team-*", "local/*/base", "ghcr.io/acme/**", "docker.io/library/a*e"]
allow = ["pull"]
)",
               R"(
        @10.0.0.1   pull   local/exact                   -> yes
        @10.0.0.1   pull   local/exac                    -> no
        @10.0.0.1   pull   local/exactly                 -> no
        @10.0.0.1   pull   local/exact/more              -> no
        @10.0.0.1   pull   xlocal/exact                  -> no
        @10.0.0.1   pull   docker.io/local/exact         -> no
        @10.0.0.1   pull   exact                         -> no
        @10.0.0.1   pull   local/team-a                  -> yes
        @10.0.0.1   pull   local/team-                   -> yes
        @10.0.0.1   pull   local/team                    -> no
        @10.0.0.1   pull   local/team-a/app              -> no
        @10.0.0.1   pull   local/x/base                  -> yes
        @10.0.0.1   pull   local//base                   -> yes
        @10.0.0.1   pull   local/base                    -> no
        @10.0.0.1   pull   local/x/y/base                -> no
        @10.0.0.1   pull   local/x/base/y                -> no
        @10.0.0.1   pull   ghcr.io/acme/app              -> yes
        @10.0.0.1   pull   ghcr.io/acme/app/deep/er      -> yes
        @10.0.0.1   pull   ghcr.io/acme                  -> no
        @10.0.0.1   pull   ghcr.io/acmex/app             -> no
        @10.0.0.1   pull   ghcr.io/other/acme/app        -> no
        @10.0.0.1   pull   docker.io/library/alpine      -> yes
        @10.0.0.1   pull   docker.io/library/ae          -> yes
        @10.0.0.1   pull   docker.io/library/apache      -> yes
        @10.0.0.1   pull   docker.io/library/apache2     -> no
        @10.0.0.1   pull   docker.io/library/a/e         -> no
        @10.0.0.1   push   local/exact                   -> no
    )");
}

TEST_CASE("a rule without repositories is about all, as is one of a lone star") {
    for (auto const* repositories : {"", "repositories = [\"*\"]\n", "repositories = [\"**\"]\n"})
        check_rows(std::string("[[access.rule]]\nallow = [\"pull\"]\n") + repositories, R"(
        @10.0.0.1   pull   local/app                     -> yes
        @10.0.0.1   pull   docker.io/library/alpine      -> yes
        @10.0.0.1   pull   a/b/c/d/e                     -> yes
        @10.0.0.1   push   local/app                     -> no
    )");
}

TEST_CASE("repositories are told apart by order too") {
    check_rows(R"(
[[access.rule]]
users = ["*"]
allow = ["pull", "push"]
repositories = ["local/public/**"]
[[access.rule]]
users = ["alice"]
allow = ["push"]
repositories = ["local/alice/*"]
[[access.rule]]
deny = ["push"]
repositories = ["local/**"]
[[access.rule]]
users = ["alice"]
allow = ["pull", "push"]
)",
               R"(
        bob@10.0.0.1     push   local/public/a           -> yes
        @10.0.0.1        push   local/public/a           -> no
        @10.0.0.1        pull   local/public/a           -> no
        alice@10.0.0.1   push   local/alice/a            -> yes
        bob@10.0.0.1     push   local/alice/a            -> no
        alice@10.0.0.1   push   local/alice/a/b          -> no
        alice@10.0.0.1   push   local/bob/a              -> no
        alice@10.0.0.1   pull   local/bob/a              -> yes
        alice@10.0.0.1   push   ghcr.io/a/b              -> yes
        bob@10.0.0.1     push   ghcr.io/a/b              -> no
    )");
}

TEST_CASE("who may push may not delete, and the other way round") {
    check_rows(R"(
[[access.rule]]
users = ["pusher"]
allow = ["push"]
[[access.rule]]
users = ["cleaner"]
allow = ["delete"]
[[access.rule]]
users = ["both"]
deny = ["delete"]
repositories = ["local/kept"]
[[access.rule]]
users = ["both"]
allow = ["push", "delete"]
)",
               R"(
        pusher@10.0.0.1    push     local/app            -> yes
        pusher@10.0.0.1    delete   local/app            -> no
        pusher@10.0.0.1    pull     local/app            -> no
        cleaner@10.0.0.1   delete   local/app            -> yes
        cleaner@10.0.0.1   push     local/app            -> no
        cleaner@10.0.0.1   pull     local/app            -> no
        both@10.0.0.1      push     local/kept           -> yes
        both@10.0.0.1      delete   local/kept           -> no
        both@10.0.0.1      delete   local/app            -> yes
        both@10.0.0.1      admin    -                    -> no
    )");
}

TEST_CASE("this machine may administer where no rule says otherwise") {
    check_rows("[[access.rule]]\nallow = [\"pull\"]\n", R"(
        @127.0.0.1         admin    -                    -> yes
        @127.8.8.8         admin    -                    -> yes
        @::1               admin    -                    -> yes
        alice@127.0.0.1    admin    -                    -> yes
        @10.0.0.1          admin    -                    -> no
        alice@10.0.0.1     admin    -                    -> no
        @2001:db8::1       admin    -                    -> no
        @::2               admin    -                    -> no
        @128.0.0.1         admin    -                    -> no
        @127.0.0.1         push     local/app            -> no
        @127.0.0.1         delete   local/app            -> no
    )");
}

TEST_CASE("a rule says who administers, and a denial shuts out this machine too") {
    check_rows(R"(
[[access.rule]]
users = ["root"]
allow = ["admin"]
[[access.rule]]
networks = ["10.9.0.0/16"]
users = ["*"]
allow = ["admin"]
[[access.rule]]
deny = ["admin"]
)",
               R"(
        root@203.0.113.9   admin    -                    -> yes
        root@127.0.0.1     admin    -                    -> yes
        alice@10.9.1.1     admin    -                    -> yes
        @10.9.1.1          admin    -                    -> no
        alice@10.8.1.1     admin    -                    -> no
        @127.0.0.1         admin    -                    -> no
        @::1               admin    -                    -> no
        alice@127.0.0.1    admin    -                    -> no
        root@127.0.0.1     pull     local/app            -> no
    )");
    check_rows("[[access.rule]]\nusers = [\"*\"]\ndeny = [\"admin\"]\n", R"(
        @127.0.0.1         admin    -                    -> yes
        alice@127.0.0.1    admin    -                    -> no
        @10.0.0.1          admin    -                    -> no
    )");
}

TEST_CASE("admin is of no repository, also in a rule that names some for its other actions") {
    check_rows(R"(
[[access.rule]]
users = ["root"]
allow = ["admin", "push"]
repositories = ["local/**"]
)",
               R"(
        root@10.0.0.1      admin    -                    -> yes
        root@10.0.0.1      push     local/app            -> yes
        root@10.0.0.1      push     ghcr.io/a/b          -> no
        bob@10.0.0.1       admin    -                    -> no
    )");
}

TEST_CASE("all four actions can stand in one rule") {
    check_rows("[[access.rule]]\nusers = [\"root\"]\nallow = [\"pull\", \"push\", \"delete\", \"admin\"]\n", R"(
        root@10.0.0.1      pull     local/app            -> yes
        root@10.0.0.1      push     local/app            -> yes
        root@10.0.0.1      delete   local/app            -> yes
        root@10.0.0.1      admin    -                    -> yes
        bob@10.0.0.1       pull     local/app            -> no
        bob@10.0.0.1       push     local/app            -> no
        bob@10.0.0.1       delete   local/app            -> no
        bob@10.0.0.1       admin    -                    -> no
    )");
}

TEST_CASE("who may do something in some repository is told from who may nowhere") {
    auto const rules = rules_of(R"(
[[access.rule]]
users = ["mallory"]
deny = ["pull", "push"]
[[access.rule]]
deny = ["pull"]
repositories = ["local/secret"]
[[access.rule]]
users = ["alice"]
allow = ["push"]
repositories = ["local/alice"]
[[access.rule]]
networks = ["10.0.0.0/8"]
allow = ["pull"]
)");
    CHECK(rules.may_allow(caller_of("alice@192.0.2.1"), action::push));
    CHECK_FALSE(rules.may_allow(caller_of("alice@192.0.2.1"), action::pull));
    CHECK(rules.may_allow(caller_of("alice@10.0.0.1"), action::pull));
    CHECK(rules.may_allow(caller_of("@10.0.0.1"), action::pull));
    CHECK_FALSE(rules.may_allow(caller_of("@10.0.0.1"), action::push));
    CHECK_FALSE(rules.may_allow(caller_of("@192.0.2.1"), action::pull));
    CHECK_FALSE(rules.may_allow(caller_of("mallory@10.0.0.1"), action::pull));
    CHECK_FALSE(rules.may_allow(caller_of("alice@10.0.0.1"), action::remove));
    CHECK(rules_of("").may_allow(caller_of("@10.0.0.1"), action::remove));
}

TEST_CASE("whoever may do nothing anywhere is told so, however the denial is written") {
    for (auto const* all : {"", "repositories = [\"**\"]\n", "repositories = [\"*\"]\n"}) {
        INFO(all);
        auto const rules = rules_of(std::string("[[access.rule]]\nusers = [\"mallory\"]\ndeny = [\"pull\"]\n") + all +
                                    "[[access.rule]]\nallow = [\"pull\"]\n");
        CHECK_FALSE(rules.may_allow(caller_of("mallory@10.0.0.1"), action::pull));
        CHECK(rules.may_allow(caller_of("alice@10.0.0.1"), action::pull));
    }
}

TEST_CASE("the claims that rules ask for are known by their names") {
    std::string const issuer =
        "[[access.oidc]]\nname = \"hub\"\nissuer = \"https://hub.example.com\"\naudience = \"layerd\"\n";
    auto const rules = rules_of(issuer + "[[access.rule]]\nclaims = {ref = \"a\", repository = [\"b\", \"c\"]}\n"
                                         "allow = [\"pull\"]\n"
                                         "[[access.rule]]\nclaims = {ref = \"d\", environment = \"e\"}\n"
                                         "deny = [\"push\"]\n");
    CHECK(rules.claims() == std::set<std::string>{"environment", "ref", "repository"});
    CHECK(rules_of(issuer + "[[access.rule]]\nissuer = \"hub\"\ndeny = [\"pull\"]\n").claims().empty());
    CHECK(rules_of("").claims().empty());
}

TEST_CASE("a login is of use where some rule tells users apart") {
    std::string const issuer =
        "[[access.oidc]]\nname = \"hub\"\nissuer = \"https://hub.example.com\"\naudience = \"layerd\"\n";
    std::string const rule = "[[access.rule]]\nallow = [\"pull\"]\n";
    CHECK_FALSE(rules_of("").tell_users_apart());
    CHECK_FALSE(rules_of(rule).tell_users_apart());
    CHECK_FALSE(rules_of(issuer + rule).tell_users_apart());
    CHECK_FALSE(rules_of(rule + "networks = [\"10.0.0.0/8\"]\nrepositories = [\"local/**\"]\n").tell_users_apart());
    CHECK(rules_of(rule + "users = [\"alice\"]\n").tell_users_apart());
    CHECK(rules_of(rule + rule + "users = [\"*\"]\n").tell_users_apart());
    CHECK(
        rules_of("[[access.group]]\nname = \"g\"\nusers = [\"a\"]\n" + rule + "groups = [\"g\"]\n").tell_users_apart());
    CHECK(rules_of(issuer + rule + "issuer = \"hub\"\nusers = [\"hub:**\"]\n").tell_users_apart());
    CHECK(rules_of(issuer + rule + "claims = {ref = \"a\"}\n").tell_users_apart());
}
