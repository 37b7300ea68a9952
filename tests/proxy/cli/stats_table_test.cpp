#include "proxy/cli/stats_table.h"
#include "tests/catch.h"

#include <boost/json/parse.hpp>

using namespace proxy;

namespace {

std::string table(std::string_view document) {
    return stats_table(boost::json::parse(document).as_object(), "http://127.0.0.1:5001");
}

} // namespace

TEST_CASE("the statistics are lined up, in units for people") {
    CHECK(table(R"({"version": "0.1.0", "uptime_seconds": 273600,
 "requests": {"manifest": {"hit": 1204, "miss": 33, "stale": 12, "error": 1},
              "blob": {"hit": 8120, "miss": 401, "collapsed": 388, "error": 0}},
 "bytes": {"served": 13314398617, "from_cache": 12884901888, "from_upstream": 419430400, "pushed": 0},
 "hit_ratio": {"requests": 0.9412, "bytes": 0.9677},
 "network_savings": {"bytes": 12894968217, "ratio": 0.9684},
 "store": {"objects": 1412, "bytes": 3435973836, "limit_bytes": 21474836480, "reserved_bytes": 0,
           "logical_bytes": 4617089843, "dedup_savings_bytes": 1181116007, "dedup_savings_ratio": 0.2558},
 "upstreams": {"docker.io": {"requests": 402, "bytes": 3328599654, "errors": 0, "breaker": "closed",
                             "ratelimit": {"limit": 100, "remaining": 73}},
               "ghcr.io": {"requests": 12, "bytes": 512, "errors": 3, "breaker": "open",
                           "ratelimit": {"limit": null, "remaining": null}}}})") ==
          R"(layerd 0.1.0 at http://127.0.0.1:5001, up 3d 4h

requests      hit  miss  collapsed  stale  error
  manifest  1,204    33          -     12      1
  blob      8,120   401        388      -      0

hit ratio           94.1 %  of requests
                    96.8 %  of bytes
served            12.4 GiB
  from cache      12.0 GiB
from upstream    400.0 MiB
network savings   12.0 GiB  96.8 %

store          3.2 GiB  of 20.0 GiB, 16.0 %  1,412 objects
dedup savings  1.1 GiB  of 4.3 GiB, 25.6 %

upstream     requests  received  errors  breaker      rate limit
  docker.io       402   3.1 GiB       0   closed  73 of 100 left
  ghcr.io          12     512 B       3     open               -
)");
}

TEST_CASE("what another version does not say is shown as missing") {
    auto const text = table("{}");
    CHECK(text.find("layerd - at http://127.0.0.1:5001, up -\n") == 0);
    CHECK(text.find("served           -\n") != std::string::npos);
    CHECK(text.find("breaker") == std::string::npos); // no line of upstreams
    CHECK_NOTHROW(table(R"({"requests": 5, "bytes": {"served": "x"}, "store": [], "upstreams": {"a": 1}})"));
}

TEST_CASE("savings below zero and a store without a limit are shown as such") {
    auto const text =
        table(R"({"network_savings": {"bytes": -2048, "ratio": -2.0}, "store": {"bytes": 10, "limit_bytes": 0}})");
    CHECK(text.find("-2.0 KiB") != std::string::npos);
    CHECK(text.find("-200.0 %") != std::string::npos);
    CHECK(text.find("no limit") != std::string::npos);
}

TEST_CASE("what had to go, and what had no room, is told if there was any") {
    auto const text = table(R"({"store": {"evicted": {"keep_storage": {"objects": 1200, "bytes": 2048},
        "policy": {"objects": 3, "bytes": 1024}, "odd": 5}}, "requests": {"blob": {"unstored": 7}}})");
    CHECK(text.find("removed        3.0 KiB  1,203 objects, 1,200 of them to make room\n") != std::string::npos);
    CHECK(text.find("no room for          7  blobs, passed through unstored\n") != std::string::npos);
}

TEST_CASE("nothing that a server says moves the cursor") {
    auto const text = table(R"({"version": "\u001b[2J", "upstreams": {"a\u0007": {"breaker": "\r"}}})");
    CHECK(std::count_if(text.begin(), text.end(), [](char c) { return c != '\n' && c >= 0 && c < 0x20; }) == 0);
}
