#include "proxy/cli/window_table.h"

#include "tests/catch.h"

#include <boost/json/parse.hpp>

using namespace proxy;

namespace {

boost::json::object object(std::string_view text) {
    return boost::json::parse(text).as_object();
}

} // namespace

TEST_CASE("a stretch of time is lined up, in units for people") {
    window_view const v{.window = object(R"({"by": "upstream", "total":
 {"requests": {"hit": 9324, "miss": 401, "collapsed": 388, "stale": 12, "error": 1},
  "bytes": {"served": 13314398617, "from_cache": 12884901888, "from_upstream": 419430400, "pushed": 0},
  "hit_ratio": {"requests": 0.9412, "bytes": 0.9677}, "upstream": {"requests": 402, "errors": 3},
  "saved": {"bytes": 12894968217, "requests": 9724, "pulls": 1204, "seconds": 4000.5, "money": 1.081},
  "seconds": {"first_byte": {"p50": 0.0005, "p95": 0.002, "p99": 0.5}, "total": {"p50": 0.01, "p95": 1.5, "p99": null},
              "upstream": {"p50": 0.04, "p95": 0.1, "p99": 0.2}}},
 "rows": [{"name": "docker.io", "requests": {"hit": 1000, "miss": 234}, "hit_ratio": {"requests": 0.81},
           "bytes": {"served": 1024}, "saved": {"bytes": -512}, "seconds": {"total": {"p95": 0.25}}}]})"),
                        .hit_ratio = object(R"({"series": [{"name": "", "values": [0, 0.5, null, 1]}]})"),
                        .since = "24h",
                        .currency = "USD"};
    CHECK(window_table(v, "http://127.0.0.1:5001") ==
          R"(layerd at http://127.0.0.1:5001, the last 24h

requests    hit  miss  collapsed  stale  error
          9,324   401        388     12      1

hit ratio         94.1 %  of requests ▁▅ █
                  96.8 %  of bytes
served          12.4 GiB
from upstream  400.0 MiB  in 402 requests, 3 failed

saved  12.0 GiB  of network traffic
          9,724  requests to upstream
          1,204  pulls of a rate limit
          1h 6m  of waiting, all clients together
           1.08  USD

latency             p50       p95       p99
  first byte     0.5 ms    2.0 ms  500.0 ms
  whole answer  10.0 ms     1.5 s         -
  upstream      40.0 ms  100.0 ms  200.0 ms

upstream     requests  hit ratio   served   saved  errors       p95
  docker.io     1,234     81.0 %  1.0 KiB  -512 B       -  250.0 ms
)");
}

TEST_CASE("a document that lacks everything is a table of dashes") {
    CHECK_NOTHROW(window_table({.window = {}, .hit_ratio = {}, .since = "1h", .currency = ""}, "x"));
    CHECK_NOTHROW(window_table({.window = object(R"({"total": 1, "rows": [1, {"requests": []}]})"),
                                .hit_ratio = object(R"({"series": [{"values": ["a", 1e400, -3]}]})"),
                                .since = "1h",
                                .currency = ""},
                               "x"));
}

TEST_CASE("a long series shares places by its mean, and gaps stay gaps") {
    CHECK(sparkline({}) == "");
    CHECK(sparkline(object(R"({"series": [{"values": [0, 1, 1, 1, null, null, 0.2, 0]}]})"), 4) == "▅█ ▁");
}
