#include "proxy/pull/absence_cache.h"

#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

TEST_CASE("what upstream does not have is believed for its ttl, of that repository and path alone") {
    absence_cache c;
    c.put("docker.io/a", "manifests/1", 100, 5s);
    CHECK(c.holds("docker.io/a", "manifests/1", 100));
    CHECK(c.holds("docker.io/a", "manifests/1", 104));
    CHECK_FALSE(c.holds("docker.io/a", "manifests/2", 104));
    CHECK_FALSE(c.holds("docker.io/b", "manifests/1", 104));
    CHECK_FALSE(c.holds("docker.io/a", "manifests/1", 105));
    CHECK(c.size() == 0);
}

TEST_CASE("without a ttl nothing is remembered, and a clock that was set back makes forget") {
    absence_cache c;
    c.put("docker.io/a", "manifests/1", 100, 0s);
    CHECK(c.size() == 0);
    c.put("docker.io/a", "manifests/1", 100, 5s);
    CHECK_FALSE(c.holds("docker.io/a", "manifests/1", 99));
}

TEST_CASE("what has come to be is forgotten") {
    absence_cache c;
    c.put("docker.io/a", "manifests/1", 100, 5s);
    c.put("docker.io/a", "manifests/2", 100, 5s);
    c.forget("docker.io/a", "manifests/1");
    c.forget("docker.io/a", "manifests/unknown");
    CHECK_FALSE(c.holds("docker.io/a", "manifests/1", 101));
    CHECK(c.holds("docker.io/a", "manifests/2", 101));
}

TEST_CASE("absences are bounded in number and in size, and the oldest go first") {
    absence_cache c;
    for (std::size_t i = 0; i < absence_cache::max_entries + 10; ++i)
        c.put("docker.io/a", "manifests/" + std::to_string(i), 100, 5s);
    CHECK(c.size() == absence_cache::max_entries);
    CHECK_FALSE(c.holds("docker.io/a", "manifests/9", 101));
    CHECK(c.holds("docker.io/a", "manifests/10", 101));

    c.put("docker.io/a", "manifests/10", 102, 5s); // anew: now the youngest
    c.put("docker.io/a", "manifests/new", 102, 5s);
    CHECK(c.holds("docker.io/a", "manifests/10", 103));
    CHECK_FALSE(c.holds("docker.io/a", "manifests/11", 103));

    auto const long_path = "referrers/x?artifactType=" + std::string(1000, 'a');
    c.put("docker.io/a", long_path, 102, 5s);
    CHECK_FALSE(c.holds("docker.io/a", long_path, 102));
}
