// Patterns of names: what they match, what is none, and that none takes long to match.
#include "proxy/config/name_pattern.h"

#include "tests/catch.h"

#include <vector>

using proxy::name_pattern;

namespace {

bool matches(std::string const& pattern, std::string const& name) {
    auto const p = name_pattern::parse(pattern);
    if (!p)
        FAIL(pattern << " " << p.error());
    return p->matches(name);
}

std::string why_not(std::string const& text) {
    auto const p = name_pattern::parse(text);
    return p ? "" : p.error();
}

struct row {
    char const* pattern;
    std::vector<char const*> yes, no;
};

} // namespace

TEST_CASE("a pattern without stars is the name itself") {
    for (auto const& r : std::vector<row>{
             {"a", {"a"}, {"", "b", "aa", "A", "a/"}},
             {"local/app",
              {"local/app"},
              {"local/ap", "local/apps", "local/app/x", "xlocal/app", "local", "Local/app"}},
             {"a.c", {"a.c"}, {"abc", "a/c"}},
             {"a?[b]\\", {"a?[b]\\"}, {"ax[b]\\", "axb"}},
             {"repo:a/b:ref", {"repo:a/b:ref"}, {"repo:a/b", "repo:a/c:ref"}},
             {"gr\xc3\xbc\xc3\x9f", {"gr\xc3\xbc\xc3\x9f"}, {"gr\xc3\xbc", "gruss"}},
         }) {
        for (auto const* name : r.yes) {
            INFO(r.pattern << " and " << name);
            CHECK(matches(r.pattern, name));
        }
        for (auto const* name : r.no) {
            INFO(r.pattern << " and " << name);
            CHECK_FALSE(matches(r.pattern, name));
        }
    }
}

TEST_CASE("one star stands for any characters but a slash, two for any at all") {
    for (auto const& r : std::vector<row>{
             {"a*", {"a", "ab", "a*", "abc.-_:"}, {"", "b", "ba", "a/", "a/b", "ab/c"}},
             {"*a", {"a", "ba", "aaa"}, {"", "ab", "/a", "b/a"}},
             {"a*b", {"ab", "axb", "abb", "a*b", "abab"}, {"a", "b", "aba", "a/b", "axb/"}},
             {"a*b*c", {"abc", "axbyc", "abcbc", "abbbc"}, {"acb", "ac", "ab/c", "a/bc", "abcd"}},
             {"*/*", {"/", "a/b", "a/", "/b"}, {"", "a", "a/b/c", "//"}},
             {"*.*", {".", "a.b", "a.b.c"}, {"ab", "a/b.c", ""}},
             {"a/*", {"a/", "a/b"}, {"a", "a/b/", "a/b/c", "b/b"}},
             {"a/*/c", {"a/b/c", "a//c"}, {"a/c", "a/b/b/c", "a/b/c/d"}},
             {"a/**", {"a/", "a/b", "a/b/c", "a/b//c/"}, {"a", "ab", "b/a/b"}},
             {"**/c", {"/c", "a/c", "a/b/c", "c/c"}, {"c", "a/b/d", "a/c/"}},
             {"a/**/c", {"a//c", "a/b/c", "a/b/b/c", "a/c/c"}, {"a/c", "a/b/c/d", "ac"}},
             {"a**b", {"ab", "a/b", "a/x/b", "axb"}, {"a", "a/b/", "b"}},
             {"**a**", {"a", "/a/", "x/a/y", "aaa"}, {"", "x/y"}},
             {"*/**", {"/", "a/", "a/b/c", "/b/c"}, {"", "a"}},
             {"**/*", {"/", "a/b", "a/b/c"}, {"", "a"}},
             {"a*/**b", {"a/b", "ax/y/b", "a/bb"}, {"ab", "a/c", "/b"}},
             {"refs/heads/*", {"refs/heads/main", "refs/heads/"}, {"refs/heads/a/b", "refs/tags/v1", "refs/heads"}},
             {"refs/**/main", {"refs/heads/main", "refs/a/b/main"}, {"refs/main", "refs/heads/main2"}},
             {"github:repo:acme/*:ref:**",
              {"github:repo:acme/a:ref:refs/heads/main", "github:repo:acme/:ref:"},
              {"github:repo:acme/a/b:ref:x", "github:repo:acme/a:env:x", "github:repo:acmee/a:ref:x"}},
         }) {
        for (auto const* name : r.yes) {
            INFO(r.pattern << " and " << name);
            CHECK(matches(r.pattern, name));
        }
        for (auto const* name : r.no) {
            INFO(r.pattern << " and " << name);
            CHECK_FALSE(matches(r.pattern, name));
        }
    }
}

TEST_CASE("a lone star is everything, as two are") {
    for (auto const* pattern : {"*", "**"})
        for (auto const* name : {"", "a", "/", "a/b/c", "docker.io/library/alpine", "repo:a/b:ref:refs/heads/main"}) {
            INFO(pattern << " and " << name);
            CHECK(matches(pattern, name));
        }
}

TEST_CASE("a name is matched as a whole, whatever bytes it holds") {
    CHECK_FALSE(matches("a", std::string("a\0", 2)));
    CHECK_FALSE(matches("a", "a\n"));
    CHECK(matches("a*", std::string("a\0b", 3)));
    CHECK(matches("a*b", "a\n\xff"
                         "b"));
    CHECK_FALSE(matches("a*b", "a\xff/b"));
}

TEST_CASE("what is no pattern is refused with the reason") {
    CHECK(why_not("") == "is empty: \"**\" stands for all");
    CHECK(why_not(std::string(256, 'a')).empty());
    CHECK(why_not(std::string(257, 'a')) == "is longer than 256 characters");
    for (auto const* text : {" ", "a b", " a", "a ", "a\tb", "a\n", "\x01", "a\x7f", "\x1b[31m"}) {
        INFO(text);
        CHECK(why_not(text) == "holds a space or a control character");
    }
    CHECK(why_not(std::string("a\0b", 3)) == "holds a space or a control character");
    for (auto const* text : {"***", "a/***", "****", "a***b", "**/***"}) {
        INFO(text);
        CHECK(why_not(text) == "holds \"***\": \"*\" and \"**\" are all there is");
    }
}

TEST_CASE("a pattern keeps its text and equals what was written the same") {
    for (auto const* text : {"a", "*", "**", "local/**", "ci-*"})
        CHECK(name_pattern::parse(text)->text() == text);
    CHECK(*name_pattern::parse("a*") == *name_pattern::parse("a*"));
    CHECK_FALSE(*name_pattern::parse("*") == *name_pattern::parse("**"));
}

// Tried one way after the other, each of these would outlast whoever waits for it.
TEST_CASE("patterns of many stars end, however long the name") {
    std::string stars, deep;
    for (int i = 0; i < 85; ++i) {
        stars += "a*";
        deep += "**a";
    }
    auto const name = std::string(100'000, 'a');
    CHECK(matches(stars + "b", name + "b"));
    CHECK_FALSE(matches(stars + "b", name));
    CHECK_FALSE(matches(stars + "b", name + "/b"));
    CHECK(matches(deep, name));
    CHECK(matches(deep + "*", name));
    CHECK_FALSE(matches(deep + "*", name + "/"));
    CHECK_FALSE(matches("**b" + deep.substr(3), name));
    CHECK(matches(std::string(256, 'a').replace(255, 1, "*"), name));
    CHECK(matches(std::string(256, 'a').replace(0, 1, "*"), name));
    CHECK_FALSE(matches(std::string(256, 'a').replace(0, 1, "*"), std::string(254, 'a')));
}
