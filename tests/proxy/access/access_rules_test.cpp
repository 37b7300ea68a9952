// Whom rules are about and which of them decides, in tables of who may do what.
#include "tests/proxy/access/rule_table.h"

using namespace proxy;
using tests::check_rows;
using tests::rules_of;

namespace {

std::string const issuers = R"(
[[access.oidc]]
name = "github"
issuer = "https://token.example.com"
audience = "layerd"
[[access.oidc]]
name = "gitlab"
issuer = "https://gitlab.example.com"
audience = "layerd"
)";

} // namespace

TEST_CASE("without rules everybody may do everything") {
    CHECK_FALSE(rules_of("").exist());
    check_rows("", R"(
        @203.0.113.9          pull    docker.io/library/alpine -> yes
        @203.0.113.9          push    local/app                -> yes
        @203.0.113.9          delete  local/app                -> yes
        @203.0.113.9          admin   -                        -> yes
        alice@2001:db8::1     push    local/app                -> yes
    )");
}

TEST_CASE("what no rule fits is denied") {
    check_rows(R"(
[[access.rule]]
users = ["alice"]
allow = ["pull"]
repositories = ["local/app"]
)",
               R"(
        alice@10.0.0.1        pull    local/app                -> yes
        alice@10.0.0.1        push    local/app                -> no
        alice@10.0.0.1        delete  local/app                -> no
        alice@10.0.0.1        admin   -                        -> no
        alice@10.0.0.1        pull    local/app2               -> no
        alice@10.0.0.1        pull    local/ap                 -> no
        alice@10.0.0.1        pull    docker.io/local/app      -> no
        alic@10.0.0.1         pull    local/app                -> no
        alicea@10.0.0.1       pull    local/app                -> no
        Alice@10.0.0.1        pull    local/app                -> no
        bob@10.0.0.1          pull    local/app                -> no
        @10.0.0.1             pull    local/app                -> no
        @127.0.0.1            pull    local/app                -> no
        @127.0.0.1            push    local/app                -> no
    )");
}

TEST_CASE("the first rule that fits decides") {
    check_rows(R"(
[[access.rule]]
users = ["alice"]
deny = ["pull"]
repositories = ["local/secret"]
[[access.rule]]
users = ["alice"]
allow = ["pull", "push"]
repositories = ["local/**"]
[[access.rule]]
users = ["alice"]
deny = ["push", "pull"]
repositories = ["local/app"]
[[access.rule]]
deny = ["delete"]
[[access.rule]]
users = ["root"]
allow = ["delete"]
[[access.rule]]
allow = ["pull"]
)",
               R"(
        alice@10.0.0.1        pull    local/secret             -> no
        alice@10.0.0.1        push    local/secret             -> yes
        alice@10.0.0.1        pull    local/app                -> yes
        alice@10.0.0.1        push    local/app                -> yes
        alice@10.0.0.1        push    docker.io/library/alpine -> no
        alice@10.0.0.1        pull    docker.io/library/alpine -> yes
        bob@10.0.0.1          pull    local/secret             -> yes
        @10.0.0.1             pull    local/secret             -> yes
        bob@10.0.0.1          push    local/app                -> no
        root@10.0.0.1         delete  local/app                -> no
        root@10.0.0.1         push    local/app                -> no
        root@10.0.0.1         pull    local/app                -> yes
    )");
}

TEST_CASE("a denial before an allowance takes from it, and one behind it does not") {
    std::string const deny = "[[access.rule]]\nusers = [\"mallory\"]\ndeny = [\"pull\", \"push\"]\n";
    std::string const allow = "[[access.rule]]\nusers = [\"*\"]\nallow = [\"pull\", \"push\"]\n";
    check_rows(deny + allow, R"(
        mallory@10.0.0.1      pull    local/app                -> no
        mallory@10.0.0.1      push    local/app                -> no
        mallory@10.0.0.1      delete  local/app                -> no
        mallory2@10.0.0.1     pull    local/app                -> yes
        alice@10.0.0.1        push    local/app                -> yes
        @10.0.0.1             pull    local/app                -> no
    )");
    check_rows(allow + deny, R"(
        mallory@10.0.0.1      pull    local/app                -> yes
        mallory@10.0.0.1      push    local/app                -> yes
        mallory@10.0.0.1      delete  local/app                -> no
        @10.0.0.1             push    local/app                -> no
    )");
}

TEST_CASE("a denial alone allows nobody anything") {
    check_rows("[[access.rule]]\nusers = [\"mallory\"]\ndeny = [\"pull\"]\n", R"(
        mallory@10.0.0.1      pull    local/app                -> no
        alice@10.0.0.1        pull    local/app                -> no
        @10.0.0.1             pull    local/app                -> no
    )");
}

TEST_CASE("a rule that names nobody is about everybody, also who is anonymous") {
    check_rows(R"(
[[access.rule]]
allow = ["pull"]
[[access.rule]]
deny = ["push"]
repositories = ["local/frozen"]
[[access.rule]]
users = ["alice"]
allow = ["push"]
)",
               R"(
        @203.0.113.9          pull    docker.io/library/alpine -> yes
        @2001:db8::9          pull    local/app                -> yes
        alice@203.0.113.9     pull    local/app                -> yes
        hub:x@203.0.113.9[hub] pull   local/app                -> yes
        @203.0.113.9          push    local/app                -> no
        alice@203.0.113.9     push    local/app                -> yes
        alice@203.0.113.9     push    local/frozen             -> no
        @203.0.113.9          push    local/frozen             -> no
    )");
}

TEST_CASE("users are named or matched by patterns") {
    check_rows(R"(
[[access.rule]]
users = ["bob", "ci-*", "*.svc", "x*y*z"]
allow = ["pull"]
)",
               R"(
        bob@10.0.0.1          pull    local/app                -> yes
        bobby@10.0.0.1        pull    local/app                -> no
        ci-@10.0.0.1          pull    local/app                -> yes
        ci-1@10.0.0.1         pull    local/app                -> yes
        ci-build-7@10.0.0.1   pull    local/app                -> yes
        ci@10.0.0.1           pull    local/app                -> no
        xci-1@10.0.0.1        pull    local/app                -> no
        ci-a/b@10.0.0.1       pull    local/app                -> no
        web.svc@10.0.0.1      pull    local/app                -> yes
        .svc@10.0.0.1         pull    local/app                -> yes
        web.svc.x@10.0.0.1    pull    local/app                -> no
        xyz@10.0.0.1          pull    local/app                -> yes
        x1y2z@10.0.0.1        pull    local/app                -> yes
        x1z2y@10.0.0.1        pull    local/app                -> no
        a@b@10.0.0.1          pull    local/app                -> no
        @10.0.0.1             pull    local/app                -> no
    )");
}

TEST_CASE("a lone star is every user, but never who is anonymous, nor any job of an issuer") {
    for (std::string const pattern : {"*", "**"})
        check_rows("[[access.rule]]\nusers = [\"" + pattern + "\"]\nallow = [\"pull\"]\n", R"(
        a@10.0.0.1            pull    local/app                -> yes
        CN=x,O=y@10.0.0.1     pull    local/app                -> yes
        hub:repo:a/b:ref:refs/heads/main@10.0.0.1[hub] pull local/app -> no
        @10.0.0.1             pull    local/app                -> no
        @127.0.0.1            pull    local/app                -> no
        @::1                  pull    local/app                -> no
        a@10.0.0.1            push    local/app                -> no
    )");
}

TEST_CASE("jobs of an issuer are meant by a pattern with a colon, or by the issuer's name, and by nothing else") {
    check_rows(issuers + R"(
[[access.rule]]
users = ["git*", "github*"]
allow = ["push"]
[[access.rule]]
users = ["*:repo:acme/**"]
allow = ["pull"]
[[access.group]]
name = "all"
users = ["*"]
[[access.rule]]
groups = ["all"]
allow = ["delete"]
)",
               R"(
        github:repo:acme/a@10.0.0.1[github]   push   local/app -> no
        github:repo:acme/a@10.0.0.1[github]   pull   local/app -> yes
        github:repo:other/a@10.0.0.1[github]  pull   local/app -> no
        github:repo:acme/a@10.0.0.1[github]   delete local/app -> no
        gitta@10.0.0.1                        push   local/app -> yes
        gitta@10.0.0.1                        delete local/app -> yes
    )");
}

TEST_CASE("a group stands for all of its users") {
    check_rows(R"(
[[access.group]]
name = "developers"
users = ["alice", "dev-*"]
[[access.group]]
name = "operators"
users = ["root", "alice"]
[[access.group]]
name = "everyone"
users = ["*"]
[[access.rule]]
groups = ["operators"]
allow = ["delete", "admin"]
[[access.rule]]
groups = ["developers", "operators"]
allow = ["push"]
repositories = ["local/**"]
[[access.rule]]
groups = ["everyone"]
allow = ["pull"]
)",
               R"(
        alice@10.0.0.1        push    local/app                -> yes
        dev-7@10.0.0.1        push    local/app                -> yes
        root@10.0.0.1         push    local/app                -> yes
        bob@10.0.0.1          push    local/app                -> no
        developers@10.0.0.1   push    local/app                -> no
        @10.0.0.1             push    local/app                -> no
        alice@10.0.0.1        push    docker.io/library/alpine -> no
        alice@10.0.0.1        delete  local/app                -> yes
        root@10.0.0.1         admin   -                        -> yes
        dev-7@10.0.0.1        delete  local/app                -> no
        dev-7@10.0.0.1        admin   -                        -> no
        bob@10.0.0.1          pull    local/app                -> yes
        @10.0.0.1             pull    local/app                -> no
    )");
}

TEST_CASE("networks are of IPv4 and of IPv6, and are enough for who is anonymous") {
    check_rows(R"(
[[access.rule]]
networks = ["10.0.66.0/24"]
deny = ["pull", "push"]
[[access.rule]]
networks = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"]
allow = ["pull"]
[[access.rule]]
networks = ["0.0.0.0/0"]
allow = ["push"]
)",
               R"(
        @10.0.0.0             pull    local/app                -> yes
        @10.255.255.255       pull    local/app                -> yes
        alice@10.1.2.3        pull    local/app                -> yes
        @11.0.0.0             pull    local/app                -> no
        @9.255.255.255        pull    local/app                -> no
        @10.0.66.1            pull    local/app                -> no
        alice@10.0.66.255     pull    local/app                -> no
        @10.0.67.0            pull    local/app                -> yes
        @192.0.2.7            pull    local/app                -> yes
        @192.0.2.6            pull    local/app                -> no
        @2001:db8::1          pull    local/app                -> yes
        @2001:db8:ffff::1     pull    local/app                -> yes
        @2001:db9::1          pull    local/app                -> no
        @::1                  pull    local/app                -> yes
        @127.0.0.1            pull    local/app                -> no
        @203.0.113.9          push    local/app                -> yes
        @10.0.66.1            push    local/app                -> no
        @2001:db8::1          push    local/app                -> no
        @::1                  push    local/app                -> no
    )");
}

TEST_CASE("an issuer's rule is for who shows a token of that issuer") {
    check_rows(issuers + R"(
[[access.rule]]
issuer = "github"
users = ["*:**"]
allow = ["pull"]
)",
               R"(
        github:x@10.0.0.1[github]   pull    local/app          -> yes
        gitlab:x@10.0.0.1[gitlab]   pull    local/app          -> no
        github:x@10.0.0.1           pull    local/app          -> no
        github@10.0.0.1             pull    local/app          -> no
        @10.0.0.1                   pull    local/app          -> no
        github:x@10.0.0.1[github]   push    local/app          -> no
    )");
}

TEST_CASE("claims fit with any of their values, and a rule needs all of its claims") {
    check_rows(issuers + R"(
[[access.rule]]
claims = {environment = "forbidden"}
deny = ["pull", "push"]
[[access.rule]]
issuer = "github"
claims = {repository = ["acme/app", "acme/lib-*"], ref = "refs/heads/**"}
allow = ["push"]
[[access.rule]]
issuer = "github"
claims = {groups = "staff"}
allow = ["pull"]
)",
               R"(
        github:x@10.0.0.1[github;repository=acme/app;ref=refs/heads/main]      push local/app -> yes
        github:x@10.0.0.1[github;ref=refs/heads/a/b;repository=acme/lib-1]     push local/app -> yes
        github:x@10.0.0.1[github;repository=acme/app;ref=refs/tags/v1]         push local/app -> no
        github:x@10.0.0.1[github;repository=acme/other;ref=refs/heads/main]    push local/app -> no
        github:x@10.0.0.1[github;repository=acme/lib-a/b;ref=refs/heads/main]  push local/app -> no
        github:x@10.0.0.1[github;repository=acme/app]                          push local/app -> no
        github:x@10.0.0.1[github;ref=refs/heads/main]                          push local/app -> no
        github:x@10.0.0.1[github;Repository=acme/app;ref=refs/heads/main]      push local/app -> no
        github:x@10.0.0.1[github;repository=acme/appx;ref=refs/heads/main]     push local/app -> no
        github:x@10.0.0.1[github;repository=x;repository=acme/app;ref=refs/heads/m] push local/app -> yes
        gitlab:x@10.0.0.1[gitlab;repository=acme/app;ref=refs/heads/main]      push local/app -> no
        github:x@10.0.0.1[github]                                              push local/app -> no
        alice@10.0.0.1                                                         push local/app -> no
        @10.0.0.1                                                              push local/app -> no
        github:x@10.0.0.1[github;groups=a;groups=staff;groups=b]               pull local/app -> yes
        github:x@10.0.0.1[github;groups=staffing]                              pull local/app -> no
        github:x@10.0.0.1[github;groups=staff;environment=forbidden]           pull local/app -> no
        github:x@10.0.0.1[github;groups=staff;environment=test]                pull local/app -> yes
        github:x@10.0.0.1[github;repository=acme/app;ref=refs/heads/main;environment=forbidden] push local/app -> no
        staff@10.0.0.1                                                         pull local/app -> no
    )");
}

TEST_CASE("a rule fits only who fits everything that it says of him") {
    check_rows(issuers + R"(
[[access.group]]
name = "jobs"
users = ["github:repo:acme/**", "alice"]
[[access.rule]]
users = ["*:ref:**"]
groups = ["jobs"]
networks = ["10.0.0.0/8"]
issuer = "github"
claims = {repository = "acme/app"}
allow = ["push"]
[[access.rule]]
users = ["alice", "bob"]
groups = ["jobs"]
allow = ["pull"]
[[access.rule]]
users = ["bob"]
networks = ["192.0.2.0/24"]
allow = ["pull"]
)",
               R"(
        github:repo:acme/app:ref:main@10.0.0.1[github;repository=acme/app]     push local/app -> no
        github:ref:x@10.0.0.1[github;repository=acme/app]                      push local/app -> no
        alice@10.0.0.1                                                         pull local/app -> yes
        bob@10.0.0.1                                                           pull local/app -> no
        bob@192.0.2.1                                                          pull local/app -> yes
        carol@192.0.2.1                                                        pull local/app -> no
        @192.0.2.1                                                             pull local/app -> no
    )");
    check_rows(issuers + R"(
[[access.group]]
name = "jobs"
users = ["github:repo:acme/**", "alice"]
[[access.rule]]
users = ["**:ref:**"]
groups = ["jobs"]
networks = ["10.0.0.0/8"]
issuer = "github"
claims = {repository = "acme/app"}
allow = ["push"]
)",
               R"(
        github:repo:acme/app:ref:main@10.0.0.1[github;repository=acme/app]     push local/app -> yes
        github:repo:acme/app:env:main@10.0.0.1[github;repository=acme/app]     push local/app -> no
        github:repo:other/app:ref:main@10.0.0.1[github;repository=acme/app]    push local/app -> no
        github:repo:acme/app:ref:main@192.0.2.1[github;repository=acme/app]    push local/app -> no
        github:repo:acme/app:ref:main@10.0.0.1[gitlab;repository=acme/app]     push local/app -> no
        github:repo:acme/app:ref:main@10.0.0.1[github;repository=acme/lib]     push local/app -> no
        github:repo:acme/app:ref:main@10.0.0.1[github]                         push local/app -> no
        github:repo:acme/app:ref:main@10.0.0.1                                 push local/app -> no
        alice@10.0.0.1[github;repository=acme/app]                             push local/app -> no
    )");
}

TEST_CASE("users of an issuer are called by its name and their subject") {
    check_rows(issuers + R"(
[[access.rule]]
users = ["github:repo:acme/app:pull_request"]
deny = ["push"]
[[access.rule]]
users = ["github:repo:acme/app:ref:refs/heads/main", "github:repo:acme/lib:ref:refs/tags/*",
         "github:repo:acme/infra:**"]
allow = ["push"]
[[access.rule]]
users = ["github:repo:acme/*"]
allow = ["delete"]
[[access.rule]]
users = ["gitlab:**"]
allow = ["pull"]
)",
               R"(
        github:repo:acme/app:ref:refs/heads/main@10.0.0.1[github]   push   local/app -> yes
        github:repo:acme/app:ref:refs/heads/main2@10.0.0.1[github]  push   local/app -> no
        github:repo:acme/app:ref:refs/heads/dev@10.0.0.1[github]    push   local/app -> no
        github:repo:acme/app:pull_request@10.0.0.1[github]          push   local/app -> no
        github:repo:acme/lib:ref:refs/tags/v1@10.0.0.1[github]      push   local/app -> yes
        github:repo:acme/lib:ref:refs/tags/v1/x@10.0.0.1[github]    push   local/app -> no
        github:repo:acme/lib:ref:refs/heads/v1@10.0.0.1[github]     push   local/app -> no
        github:repo:acme/infra:ref:refs/heads/a/b@10.0.0.1[github]  push   local/app -> yes
        github:repo:acme/infra:pull_request@10.0.0.1[github]        push   local/app -> yes
        gitlab:repo:acme/app:ref:refs/heads/main@10.0.0.1[gitlab]   push   local/app -> no
        github:repo:acme/app@10.0.0.1[github]                       delete local/app -> yes
        github:repo:acme/app:pull_request@10.0.0.1[github]          delete local/app -> yes
        github:repo:acme/app:ref:refs/heads/main@10.0.0.1[github]   delete local/app -> no
        gitlab:project_path:a/b:ref_type:branch@10.0.0.1[gitlab]    pull   local/app -> yes
        gitlab:@10.0.0.1[gitlab]                                    pull   local/app -> yes
        gitlab@10.0.0.1                                             pull   local/app -> no
    )");
}
