#include "proxy/pull/conditional.h"

#include "tests/catch.h"

using proxy::matches_etag;
using proxy::range_allowed;

namespace {
constexpr std::string_view digest = "sha256:aa";
}

TEST_CASE("If-None-Match matches a quoted digest, weak or strong, alone or in a list") {
    CHECK(matches_etag("\"sha256:aa\"", digest));
    CHECK(matches_etag("W/\"sha256:aa\"", digest));
    CHECK(matches_etag("\"x\" , \"sha256:aa\",\"y\"", digest));
    CHECK(matches_etag("*", digest));
}

TEST_CASE("If-None-Match matches nothing else") {
    CHECK_FALSE(matches_etag("", digest));
    CHECK_FALSE(matches_etag("sha256:aa", digest));
    CHECK_FALSE(matches_etag("\"sha256:aab\"", digest));
    CHECK_FALSE(matches_etag("\"\"", digest));
    CHECK_FALSE(matches_etag(",,,", digest));
    CHECK_FALSE(matches_etag("\"", digest));
}

TEST_CASE("If-Range lets a range through only for the same strong tag") {
    CHECK(range_allowed("", digest));
    CHECK(range_allowed("\"sha256:aa\"", digest));
    CHECK_FALSE(range_allowed("W/\"sha256:aa\"", digest));
    CHECK_FALSE(range_allowed("\"sha256:bb\"", digest));
    CHECK_FALSE(range_allowed("Wed, 21 Oct 2015 07:28:00 GMT", digest));
}
