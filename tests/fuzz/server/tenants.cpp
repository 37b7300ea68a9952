#include "tests/fuzz/server/tenants.h"

#include "tests/support/guarded_mirror.h"

namespace fuzz {

namespace {

constexpr unsigned all = 7, none = 0;
constexpr unsigned alice = 1u << static_cast<unsigned>(user::alice), bob = 1u << static_cast<unsigned>(user::bob);

} // namespace

std::vector<repository> const& repositories() {
    static std::vector<repository> const there_are{
        {"local/a/app", "local/a/app", repository::kind::hosted, {alice, alice, alice}},
        {"local/b/app", "local/b/app", repository::kind::hosted, {bob, bob, bob}},
        {"local/shared/lib", "local/shared/lib", repository::kind::hosted, {alice | bob, alice, alice}},
        {"local/public/tool", "local/public/tool", repository::kind::hosted, {all, alice | bob, bob}},
        {"docker.io/a/img", "a/img", repository::kind::mirrored, {alice, none, none}},
        {"docker.io/b/img", "b/img", repository::kind::mirrored, {bob, none, none}},
        {"docker.io/shared/img", "shared/img", repository::kind::mirrored, {alice | bob, none, none}},
        {"docker.io/public/img", "public/img", repository::kind::mirrored, {all, none, none}},
        {"docker.io/public/hidden", "public/hidden", repository::kind::mirrored, {alice, none, none}},
        {"docker.io/library/solo", "library/solo", repository::kind::mirrored, {bob, none, none}},
        {"ghcr.io/team/alice", "team/alice", repository::kind::guarded, {alice, none, none}},
        {"ghcr.io/team/bob", "team/bob", repository::kind::guarded, {bob, none, none}},
    };
    return there_are;
}

bool may(user who, deed what, repository const& where) {
    return (where.open_to[static_cast<std::size_t>(what)] >> static_cast<unsigned>(who) & 1u) != 0;
}

user somebody_who_may(deed what, repository const& where) {
    for (auto const who : {user::alice, user::bob})
        if (may(who, what, where))
            return who;
    return user::nobody;
}

char const* const rules_of_the_play = R"(
[[access.group]]
name = "all of us"
users = ["ali*", "bob"]
[[access.rule]]
users = ["alice"]
allow = ["pull"]
repositories = ["docker.io/public/hidden"]
[[access.rule]]
deny = ["pull"]
repositories = ["**/hidden"]
[[access.rule]]
allow = ["pull"]
repositories = ["*/public/**", "ghcr.io/**"]
[[access.rule]]
groups = ["all of us"]
allow = ["push"]
repositories = ["local/public/*"]
[[access.rule]]
users = ["bob"]
allow = ["delete"]
repositories = ["local/public/*"]
[[access.rule]]
users = ["alice"]
allow = ["push", "delete"]
repositories = ["local/shared/**"]
[[access.rule]]
groups = ["all of us"]
allow = ["pull"]
repositories = ["local/shared/lib", "docker.io/shared/*"]
[[access.rule]]
users = ["alice"]
allow = ["pull", "push", "delete"]
repositories = ["local/a/**"]
[[access.rule]]
users = ["bob"]
allow = ["pull", "push", "delete"]
repositories = ["local/b/**"]
[[access.rule]]
users = ["alice"]
allow = ["pull"]
repositories = ["docker.io/a/**"]
[[access.rule]]
users = ["b*b"]
allow = ["pull"]
repositories = ["docker.io/b/img", "docker.io/library/*"]
)";

std::string password_file() { // htpasswd -nbB -C 4
    return "alice:$2y$04$fmQn3wl9GfILLAnIMysm1uREgN0uZBoWQVlbxEaylthmIIOsVq9UW\n"
           "bob:$2y$04$f/7c1EpAxfkmTTQSIgTvAeoUewFg59KJTr.Ar5m7rDVRGIvvGuaIG\n";
}

std::string basic_login(user who) {
    switch (who) {
    case user::nobody:
        return {};
    case user::alice:
        return tests::alice();
    case user::bob:
        return tests::bob();
    }
    return {};
}

} // namespace fuzz
