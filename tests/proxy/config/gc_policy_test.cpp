#include "proxy/config/config.h"
#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

namespace {

gc_config parsed(std::string const& text) {
    auto c = parse_config(text, "test.toml");
    if (c.has_error())
        FAIL(c.error().front().line << ": " << c.error().front().message);
    return c->gc;
}

std::string first_problem(std::string const& text) {
    auto const c = parse_config(text, "test.toml");
    return c.has_error() ? std::to_string(c.error().front().line) + ": " + c.error().front().message : "";
}

} // namespace

TEST_CASE("policies are read in our spelling") {
    auto const gc = parsed(R"(
[[gc.policy]]
filters = ["origin==push"]
keep_duration = "30d"
max_used_space = "5GB"
reserved_space = "1GB"
min_free_space = "10%"
all = true
[[gc.policy]]
)");
    REQUIRE(gc.policies.size() == 2);
    CHECK(gc.policies[0] == gc_policy{.filters = {"origin==push"},
                                      .all = true,
                                      .keep_duration = 30 * 24h,
                                      .reserved_space = {1ull << 30, {}},
                                      .max_used_space = {5ull << 30, {}},
                                      .min_free_space = {0, 10.0}});
    CHECK(gc.policies[1] == gc_policy{});
}

TEST_CASE("policies pasted from buildkitd.toml mean what they mean there") {
    auto const gc = parsed(R"(
[gc]
  gc = true
  reservedSpace = "30%"
  maxUsedSpace = "60%"
  minFreeSpace = "20GB"
[[gc.policy]]
  reservedSpace = 512000000
  keepDuration = "48h0m0s"
  filters = [ "type==source.local", "type==exec.cachemount", "type==source.git.checkout" ]
[[gc.policy]]
  all = true
  keepBytes = 1024000000
  keepDuration = 172800
[[gc.policy]]
  keepBytes = "1GB"
  reservedSpace = "2GB"
)");
    CHECK(gc.enabled);
    CHECK(gc.keep_storage == size_setting{0, 60.0});
    CHECK(gc.reserved_space == size_setting{0, 30.0});
    CHECK(gc.min_free_space == size_setting{20ull << 30, {}});
    REQUIRE(gc.policies.size() == 3);
    CHECK(gc.policies[0].reserved_space.bytes == 512000000);
    CHECK(gc.policies[0].keep_duration == 48h);
    CHECK(gc.policies[0].filters.size() == 3);
    CHECK(gc.policies[1].reserved_space.bytes == 1024000000);
    CHECK(gc.policies[1].keep_duration == 48h);
    CHECK(gc.policies[2].reserved_space.bytes == 2ull << 30);
}

TEST_CASE("a reserve without a limit is the limit") {
    auto const old = parsed("[gc]\ngckeepstorage = '9GB'");
    CHECK(old.reserved_space == size_setting{9ull << 30, {}});
    CHECK(old.keep_storage == size_setting{9ull << 30, {}});
    auto const both = parsed("[gc]\ngckeepstorage = '9GB'\nkeep_storage = '10GB'");
    CHECK(both.keep_storage == size_setting{10ull << 30, {}});
}

TEST_CASE("gc settings that contradict each other are named") {
    CHECK(first_problem("[gc]\nkeep_storage = '1GB'\nmaxUsedSpace = '1GB'") ==
          "3: maxUsedSpace in [gc] says the same as keep_storage: one of them must go");
    CHECK(first_problem("[gc]\nkeep_storage = '1GB'\nreserved_space = '2GB'") ==
          "2: reserved_space in [gc] is 2GiB, more than keep_storage, 1GiB");
    CHECK(first_problem("[[gc.policy]]\nkeepDuration = -1")
              .starts_with("2: keepDuration in [[gc.policy]] as a bare number"));
    CHECK(first_problem("[[gc.policy]]\nkeepDurations = '1h'") ==
          "2: unknown key \"keepDurations\" in [[gc.policy]]; did you mean \"keepDuration\"?");
    CHECK(first_problem("[[gc.gcpolicy]]\nall = true")
              .starts_with("1: gcpolicy in [gc] is BuildKit's place for policies"));
    CHECK(first_problem("[gc.policy]\nall = true") ==
          "1: gc.policy is a list of sections: write each as [[gc.policy]]");
}

TEST_CASE("a filter that cannot mean anything is a problem of its line") {
    CHECK(first_problem("[[gc.policy]]\nall = true\nfilters = ['type==layer']") ==
          "3: filters in [[gc.policy]]: \"type==layer\" compares type with \"layer\", which it can never be");
    CHECK(first_problem("[[gc.policy]]\nfilters = [\n  'origin==push',\n  'repo==a',\n]")
              .starts_with("4: filters in [[gc.policy]]: \"repo==a\" has the field \"repo\", which is none of"));
    CHECK(
        first_problem("[[gc.policy]]\nfilters = ['']").starts_with("2: filters in [[gc.policy]] holds a filter that"));
    CHECK(first_problem("[[gc.policy]]\nfilters = 'origin==push'").starts_with("2: filters in [[gc.policy]] must be"));
}
