// Scopes as clients ask for them, as operators write them, and what they cover.
#include "proxy/access/scope.h"

#include "tests/catch.h"

using namespace proxy;

namespace {

// Its text, and "none" of what is none.
std::string asked(std::string const& text) {
    auto const s = parse_scope(text);
    return s ? to_string(*s) : "none";
}

scope issued(std::string const& text) {
    auto s = parse_issued_scope(text);
    if (!s)
        FAIL(text << " " << s.error());
    return *s;
}

std::string why_not(std::string const& text) {
    auto const s = parse_issued_scope(text);
    return s ? "" : s.error();
}

std::string long_scope(char const* begin, std::size_t name) {
    std::string s = begin;
    s.append(name, 'a').append(":pull");
    return s;
}

} // namespace

TEST_CASE("a client's scope is a repository and actions") {
    CHECK(asked("repository:local/app:pull") == "local/app:pull");
    CHECK(asked("repository:local/app:pull,push") == "local/app:pull,push");
    CHECK(asked("repository:local/app:push,pull,pull") == "local/app:pull,push");
    CHECK(asked("repository:local/app:delete") == "local/app:delete");
    CHECK(asked("repository:local/app:*") == "local/app:pull,push,delete");
    CHECK(asked("repository:local/app:pull,*") == "local/app:pull,push,delete");
    CHECK(asked("repository:alpine:pull") == "alpine:pull");
    CHECK(asked("repository:mirror.example:5000/app:pull") == "mirror.example:5000/app:pull");
}

TEST_CASE("actions that are not known are left out of a client's scope, and so is admin") {
    for (auto const* actions : {"", ",", "admin", "Pull", "pulls", "metadata,admin", " pull"}) {
        auto const s = parse_scope(std::string("repository:local/app:") + actions);
        INFO(actions);
        REQUIRE(s);
        CHECK(s->actions == 0);
    }
    CHECK(asked("repository:local/app:pull,metadata,admin,,push") == "local/app:pull,push");
    CHECK_FALSE(parse_scope("repository:local/app:*")->has(action::admin));
}

TEST_CASE("what is no repository's scope is none") {
    for (auto const* text :
         {"", "repository", "repository:", "repository:local/app", "repository::pull",
          "repository::", "registry:catalog:*", "local/app:pull", "admin", "Repository:a:pull",
          "repository(plugin):a:pull", " repository:a:pull", "repository:a b:pull", "repository:a\n:pull",
          "repository:*:pull", "repository:local/**:pull", "repository:a*b:pull"}) {
        INFO(text);
        CHECK(asked(text) == "none");
    }
    CHECK(asked(long_scope("repository:", 256)) == long_scope("", 256));
    CHECK(asked(long_scope("repository:", 257)) == "none");
}

TEST_CASE("an operator's scope is a pattern and actions, or admin") {
    CHECK(to_string(issued("local/app:pull")) == "local/app:pull");
    CHECK(to_string(issued("local/**:push,pull")) == "local/**:pull,push");
    CHECK(to_string(issued("**:pull,push,delete")) == "**:pull,push,delete");
    CHECK(to_string(issued("h:5000/a:pull")) == "h:5000/a:pull");
    CHECK(to_string(issued("admin")) == "admin");
    CHECK(issued("admin").has(action::admin));
    CHECK_FALSE(issued("admin").has(action::pull));
    CHECK_FALSE(issued("**:pull,push,delete").has(action::admin));
}

TEST_CASE("an operator's scope that is none is refused with the reason") {
    CHECK(why_not("local/app") == "must be a repository and what may be done there, such as \"local/app:pull,push\"");
    CHECK(why_not("") == "must be a repository and what may be done there, such as \"local/app:pull,push\"");
    auto const end =
        std::string("must end with pull, push or delete, or several of them with commas between, not with ");
    CHECK(why_not("local/app:") == end + "\"\"");
    CHECK(why_not("local/app:pul") == end + "\"pul\"");
    CHECK(why_not("local/app:pull,*") == end + "\"*\"");
    CHECK(why_not("local/app:pull,admin") == end + "\"admin\"");
    CHECK(why_not(":pull") == "is empty: \"**\" stands for all");
    CHECK(why_not("a b:pull") == "holds a space or a control character");
    CHECK(why_not("a\xff:pull") == "holds what no repository has in its name");
    CHECK(why_not("\xc3\xa4:pull") == "holds what no repository has in its name");
    CHECK(why_not("a***:pull") == "holds \"***\": \"*\" and \"**\" are all there is");
    CHECK(why_not(long_scope("", 257)) == "is longer than 256 characters");
}

TEST_CASE("nothing stands between two commas of an operator's scope") {
    for (auto const* text :
         {"local/app:pull,", "local/app:,pull", "local/app:pull,,push", "local/app:,", "local/app:pull,pussh,"}) {
        INFO(text);
        CHECK_FALSE(why_not(text).empty());
    }
}

TEST_CASE("a scope is read back from its text") {
    for (auto const* text :
         {"local/app:pull", "local/*:pull,push", "**:delete", "h:5000/a:pull,push,delete", "admin"}) {
        INFO(text);
        CHECK(to_string(issued(text)) == text);
        CHECK(issued(to_string(issued(text))) == issued(text));
    }
    auto const s = parse_scope("repository:h:5000/a/b:pull,push");
    REQUIRE(s);
    CHECK(issued(to_string(*s)) == *s);
}

TEST_CASE("a list covers what one of its scopes names together with the action") {
    scope_list const list{{issued("local/app:pull,push"), issued("ghcr.io/**:pull"), issued("local/*:delete")}};
    CHECK(list.cover(action::pull, "local/app"));
    CHECK(list.cover(action::push, "local/app"));
    CHECK(list.cover(action::remove, "local/app"));
    CHECK(list.cover(action::pull, "ghcr.io/a/b"));
    CHECK(list.cover(action::remove, "local/other"));
    CHECK_FALSE(list.cover(action::push, "ghcr.io/a/b"));
    CHECK_FALSE(list.cover(action::pull, "local/other"));
    CHECK_FALSE(list.cover(action::remove, "local/other/x"));
    CHECK_FALSE(list.cover(action::pull, "local/app/x"));
    CHECK_FALSE(list.cover(action::admin, ""));
}

TEST_CASE("a list without scopes covers nothing, and one of admin nothing else") {
    CHECK_FALSE(scope_list{}.cover(action::pull, "local/app"));
    CHECK_FALSE(scope_list{}.cover(action::admin, ""));
    scope_list const admin{{issued("admin")}};
    CHECK(admin.cover(action::admin, ""));
    CHECK_FALSE(admin.cover(action::pull, "local/app"));
    CHECK_FALSE(admin.cover(action::remove, "local/app"));
    CHECK_FALSE(scope_list{{issued("**:pull,push,delete")}}.cover(action::admin, ""));
}
