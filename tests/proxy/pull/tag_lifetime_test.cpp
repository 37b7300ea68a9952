#include "proxy/pull/tag_lifetime.h"

#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t checked = 1'800'000'000;

upstream_config with(std::chrono::seconds ttl, std::chrono::seconds behind, std::chrono::seconds on_error) {
    upstream_config c;
    c.tag_ttl = ttl;
    c.stale_while_revalidate = behind;
    c.stale_if_error = on_error;
    return c;
}

} // namespace

TEST_CASE("a tag is fresh for its ttl, then asked about behind, then asked about first") {
    tag_lifetime const life(with(300s, 60s, 3600s), "latest");
    CHECK(life.at(checked, checked) == tag_state::fresh);
    CHECK(life.at(checked + 299, checked) == tag_state::fresh);
    CHECK(life.fresh_until(checked) == checked + 300);
    CHECK(life.at(checked + 300, checked) == tag_state::revalidate_behind);
    CHECK(life.at(checked + 359, checked) == tag_state::revalidate_behind);
    CHECK(life.at(checked + 360, checked) == tag_state::revalidate_first);
}

TEST_CASE("a ttl of zero asks every time, and without a time behind there is none") {
    CHECK(tag_lifetime(with(0s, 0s, 0s), "latest").at(checked, checked) == tag_state::revalidate_first);
    CHECK(tag_lifetime(with(10s, 0s, 0s), "latest").at(checked + 10, checked) == tag_state::revalidate_first);
}

TEST_CASE("the time on error counts from the end of the ttl, and ends") {
    tag_lifetime const life(with(300s, 0s, 3600s), "latest");
    CHECK(life.may_be_served_on_error(checked + 300, checked));
    CHECK(life.may_be_served_on_error(checked + 300 + 3600, checked));
    CHECK_FALSE(life.may_be_served_on_error(checked + 300 + 3601, checked));
}

TEST_CASE("the first rule that matches the tag says its ttl") {
    auto c = with(300s, 0s, 0s);
    c.tag_rules = {{*tag_pattern::parse(R"(^v?[0-9]+\.[0-9]+\.[0-9]+$)"), 720h}, {*tag_pattern::parse("^v"), 1h}};
    CHECK(tag_lifetime(c, "v1.2.3").fresh_until(0) == 720 * 3600);
    CHECK(tag_lifetime(c, "v1").fresh_until(0) == 3600);
    CHECK(tag_lifetime(c, "latest").fresh_until(0) == 300);
}

TEST_CASE("a tag that was checked in the future has an unknown age: upstream is asked, and it serves on error") {
    tag_lifetime const life(with(300s, 60s, 3600s), "latest");
    CHECK(life.at(checked - 3600, checked) == tag_state::revalidate_first);
    CHECK(life.may_be_served_on_error(checked - 3600, checked));
    CHECK(life.at(checked - 1, checked) == tag_state::fresh); // another thread's second
}

TEST_CASE("where pulls run out a tag is fresh for longer, but for one that is never believed") {
    CHECK(tag_lifetime(with(300s, 0s, 0s), "latest", 12).fresh_until(0) == 3600);
    CHECK(tag_lifetime(with(0s, 0s, 0s), "latest", 12).fresh_until(0) == 0);
}
