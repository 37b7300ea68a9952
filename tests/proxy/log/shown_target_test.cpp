#include "proxy/log/shown_target.h"

#include "tests/catch.h"

using proxy::shown_target;

TEST_CASE("of a query the log shows what the distribution API knows, and nothing behind anything else") {
    for (std::string const whole :
         {"/v2/", "/v2/a/blobs/sha256:0?ns=docker.io", "/v2/a/tags/list?n=10&last=1.0",
          "/v2/a/blobs/uploads/?mount=sha256:0&from=b", "/v2/a/manifests/1?tag=x&tag=y&digest=sha256:0"})
        CHECK(shown_target(whole) == whole);
    CHECK(shown_target("/token?service=x&account=a&password=b") == "/token");
    CHECK(shown_target("/v2/a/manifests/1?password=b&ns=docker.io") == "/v2/a/manifests/1");
    CHECK(shown_target("/v2/a/manifests/1?ns=docker.io&access_token=b") == "/v2/a/manifests/1?ns=docker.io");
    CHECK(shown_target("/v2/a?pass%77ord=b") == "/v2/a");
    CHECK(shown_target("/v2/a?b") == "/v2/a");
    CHECK(shown_target("/v2/a?&n=1") == "/v2/a");
    CHECK(shown_target("/v2/a?n=1?password=b") == "/v2/a?n=1?password=b"); // a value of n, as it stands
    CHECK(shown_target("").empty());
    CHECK(shown_target("?").empty());
}
