#include "proxy/config/tag_pattern.h"

#include "tests/catch.h"

using proxy::tag_pattern;

TEST_CASE("a pattern is searched for in the tag, and anchors hold it to the ends") {
    auto const part = tag_pattern::parse("[0-9]{8}");
    REQUIRE(part);
    CHECK(part->matches("nightly-20261124"));
    CHECK_FALSE(part->matches("nightly-202611"));
    auto const whole = tag_pattern::parse(R"(^v?\d+(\.\d+)*$)");
    REQUIRE(whole);
    CHECK(whole->matches("v1.20.3"));
    CHECK_FALSE(whole->matches("v1.20.3-rc1"));
}

TEST_CASE("what would take too long to match is no match, whatever tag comes") {
    // Passes the check, which knows no such tag.
    auto const p = tag_pattern::parse("^(x+)+$");
    REQUIRE(p);
    CHECK(p->matches(std::string(128, 'x')));
    CHECK_FALSE(p->matches(std::string(127, 'x') + '-'));
}
