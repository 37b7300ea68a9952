#include "proxy/upstream/rate_limit.h"
#include "tests/catch.h"

using namespace proxy;
using std::chrono::seconds;

TEST_CASE("Docker Hub's budget is read from its two fields") {
    CHECK(parse_pull_budget("100;w=21600", "76;w=21600") == pull_budget{100, 76, seconds(21600)});
    CHECK(parse_pull_budget("200", "0") == pull_budget{200, 0, seconds(0)});
}

TEST_CASE("a budget that makes no sense is none") {
    CHECK(!parse_pull_budget("", ""));
    CHECK(!parse_pull_budget("100;w=21600", ""));
    CHECK(!parse_pull_budget("0;w=21600", "0"));
    CHECK(!parse_pull_budget("many", "76"));
    CHECK(!parse_pull_budget("-5", "76"));
    CHECK(!parse_pull_budget("99999999999999999999999", "76"));
}

TEST_CASE("the share that is left is between nothing and all") {
    CHECK(pull_budget{100, 25, {}}.share_left() == Approx(0.25));
    CHECK(pull_budget{100, 500, {}}.share_left() == Approx(1.0));
}

TEST_CASE("tags are believed longer as the budget runs down") {
    CHECK(ttl_stretch({}) == 1);
    CHECK(ttl_stretch(pull_budget{100, 100, {}}) == 1);
    CHECK(ttl_stretch(pull_budget{100, 50, {}}) == 1);
    CHECK(ttl_stretch(pull_budget{100, 25, {}}) == Approx(6.5));
    CHECK(ttl_stretch(pull_budget{100, 0, {}}) == Approx(longest_ttl_stretch));
}

TEST_CASE("pulls are scarce when a tenth of the budget is left") {
    CHECK(!is_scarce({}));
    CHECK(!is_scarce(pull_budget{100, 11, {}}));
    CHECK(is_scarce(pull_budget{100, 10, {}}));
    CHECK(is_scarce(pull_budget{100, 0, {}}));
}

TEST_CASE("a pull limit is told from a limit of requests by its text") {
    auto const pulls = R"({"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull )"
                       R"(rate limit. https://www.docker.com/increase-rate-limit"}]})";
    CHECK(judge_limit(pulls, {}) == limit_kind::pulls);
    CHECK(judge_limit("Too Many Requests", {}) == limit_kind::requests);
    CHECK(judge_limit("<html><h1>429</h1></html>", {}) == limit_kind::requests);
    CHECK(judge_limit("", {}) == limit_kind::requests);
    CHECK(judge_limit("", pull_budget{100, 0, {}}) == limit_kind::pulls);
    CHECK(judge_limit("", pull_budget{100, 50, {}}) == limit_kind::requests);
}

TEST_CASE("Retry-After is seconds or a date") {
    std::int64_t const now = 784111777; // Sun, 06 Nov 1994 08:49:37 GMT
    CHECK(parse_retry_after("120", now) == seconds(120));
    CHECK(parse_retry_after("0", now) == seconds(0));
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now) == seconds(60));
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now) == seconds(0));
}

TEST_CASE("a Retry-After without end has one, and one that cannot be read is none") {
    CHECK(parse_retry_after("99999999", 0) == longest_retry_after);
    CHECK(parse_retry_after("99999999999999999999999999", 0) == longest_retry_after);
    CHECK(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", 0) == longest_retry_after);
    for (auto const* text : {"", "soon", "-1", "1.1ms", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:50:37 GMT+1"}) {
        INFO(text);
        CHECK(!parse_retry_after(text, 0));
    }
}
