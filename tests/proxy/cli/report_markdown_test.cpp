#include "proxy/cli/report_markdown.h"

#include "tests/catch.h"

#include <boost/json/parse.hpp>

using namespace proxy;

namespace {

boost::json::object object(std::string_view text) {
    return boost::json::parse(text).as_object();
}

} // namespace

TEST_CASE("a report is Markdown that a team can read") {
    auto const report = object(R"({"from": 1728000000, "to": 1728604800, "currency": "USD", "total":
 {"requests": {"hit": 9324}, "bytes": {"served": 13314398617, "from_upstream": 419430400},
  "hit_ratio": {"requests": 0.9412, "bytes": 0.9677},
  "saved": {"bytes": 12894968217, "requests": 9724, "pulls": 1204, "seconds": 4000.5, "money": 1.081}},
 "store": {"disk_bytes": 1073741824, "limit_bytes": 21474836480},
 "upstreams": [{"name": "docker.io", "requests": {"hit": 1000, "miss": 234, "error": 2},
                "hit_ratio": {"requests": 0.81}, "bytes": {"served": 1024}, "saved": {"bytes": -512},
                "seconds": {"total": {"p95": 0.25}}}],
 "clients": [], "suggestions": [{"topic": "tag_ttl", "about": "docker.io", "text": "Longer."}]})");
    CHECK(report_markdown(report) == R"(# layerd, 2024-10-04 00:00 to 2024-10-11 00:00 UTC

- **94.1 %** of the requests for content were answered from the store, and 96.8 % of the bytes.
- **12.0 GiB** of network traffic saved: 12.4 GiB served, 400.0 MiB fetched from upstream.
- **9,724** requests to upstream saved, 1,204 of them pulls that a rate limit counts.
- **1h 6m** of waiting saved, all clients together.
- **1.08 USD** saved.
- **1.0 GiB** stored now of 20.0 GiB.

## Upstreams

| | requests | hit ratio | served | saved | errors | p95 |
|---|--:|--:|--:|--:|--:|--:|
| docker.io | 1,236 | 81.0 % | 1.0 KiB | -512 B | 2 | 250.0 ms |

## Suggestions

- **tag_ttl**: Longer.
)");
}

TEST_CASE("a report that lacks everything is still one") {
    CHECK(report_markdown({}).ends_with("None: nothing in these figures asks for a change.\n"));
    CHECK_NOTHROW(report_markdown(object(R"({"from": -1, "to": 1e300, "total": 3, "upstreams": [1, {"name": 2}],
                                             "suggestions": ["x", {"text": []}]})")));
}

TEST_CASE("what a server says stays in its cell") {
    auto const text = report_markdown(object(R"({"clients": [{"name": "a|b\n# <script> `x` *y*"}]})"));
    CHECK(text.find("| a\\|b") != text.npos);
    CHECK(text.find("\n# &lt;script") == text.npos);
    CHECK(text.find("<script>") == text.npos);
    CHECK(text.find("\\`x\\` \\*y\\*") != text.npos);
}
