#include "proxy/stats/traffic_parts.h"

#include "tests/catch.h"

using namespace proxy;

namespace {

constexpr auto blob = static_cast<std::size_t>(content_class::blob);
constexpr auto hit = static_cast<std::size_t>(outcome::hit);

traffic hits(std::uint64_t n) {
    traffic t;
    t.requests[blob][hit] = n;
    return t;
}

std::uint64_t hits_of(traffic_by_name const& names, std::string_view wanted) {
    for (auto const& [name, t] : names)
        if (name == wanted)
            return t.requests[blob][hit];
    return 0;
}

} // namespace

TEST_CASE("names beyond the most that are told apart are other") {
    traffic_by_name names(2);
    for (auto const* name : {"a", "b", "c", "d", "a"})
        names[name] += hits(1);
    CHECK(names.size() == 3);
    CHECK(hits_of(names, "a") == 2);
    CHECK(hits_of(names, "b") == 1);
    CHECK(hits_of(names, "other") == 2);
}

TEST_CASE("the top of the names stays, and what others had is not lost") {
    traffic_by_name names;
    for (std::uint64_t i = 1; i <= 9; ++i)
        names[std::to_string(i)] += hits(i);
    names["other"] += hits(100);
    names.keep_top(2);
    CHECK(names.size() == 3);
    CHECK(hits_of(names, "9") == 9);
    CHECK(hits_of(names, "8") == 8);
    CHECK(hits_of(names, "other") == 128);
    names.keep_top(2);
    CHECK(names.size() == 3);
}

TEST_CASE("dimensions have names, and nothing else has") {
    for (auto const d : {dimension::all, dimension::upstream, dimension::repository, dimension::client})
        CHECK(dimension_of(to_string(d)) == d);
    CHECK_FALSE(dimension_of("storage"));
    CHECK_FALSE(dimension_of(""));
}
