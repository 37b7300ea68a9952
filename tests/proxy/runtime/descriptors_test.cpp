#include "proxy/runtime/descriptors.h"
#include "tests/catch.h"

#include <sys/resource.h>

using namespace proxy;

TEST_CASE("the soft limit of open files is raised to the hard one") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit low = before;
    low.rlim_cur = before.rlim_max / 2;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
    CHECK(raise_descriptor_limit() == before.rlim_max);
    rlimit now{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &now) == 0);
    CHECK(now.rlim_cur == before.rlim_max);
    CHECK(raise_descriptor_limit() == before.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &before);
}
