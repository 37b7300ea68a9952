#include "proxy/stats/metrics_text.h"
#include "proxy/stats/stats_report.h"
#include "tests/catch.h"

#include <boost/json/value.hpp>

using namespace proxy;

namespace {

void count(stats_report& r, content_class c, outcome o, std::uint64_t n) {
    r.totals.requests[static_cast<std::size_t>(c)][static_cast<std::size_t>(o)] = n;
}

bool has_line(std::string const& text, std::string const& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

stats_report some_report() {
    stats_report r;
    count(r, content_class::manifest, outcome::hit, 60);
    count(r, content_class::manifest, outcome::stale, 5);
    count(r, content_class::manifest, outcome::miss, 10);
    count(r, content_class::blob, outcome::hit, 15);
    count(r, content_class::blob, outcome::collapsed, 10);
    count(r, content_class::blob, outcome::error, 3);
    r.totals.bytes_served = 4000;
    r.totals.bytes_from_cache = 3000;
    r.totals.upstreams["docker.io"] = {.requests = 12, .bytes = 1500, .errors = 1};
    r.store.logical_bytes = 900;
    r.store.content_bytes = 600;
    r.uploads = 2;
    r.since_start = r.totals;
    return r;
}

} // namespace

TEST_CASE("a hit is what needed no download, and errors are no requests for content") {
    auto const r = some_report();
    CHECK(r.request_hit_ratio() == Approx(0.8));
    CHECK(r.byte_hit_ratio() == Approx(0.75));
}

TEST_CASE("what was saved is what was served less what was fetched, below zero if more was fetched") {
    auto r = some_report();
    CHECK(r.saved_bytes() == 2500);
    CHECK(r.saved_ratio() == Approx(0.625));
    r.totals.upstreams["ghcr.io"].bytes = 5000;
    CHECK(r.saved_bytes() == -2500);
}

TEST_CASE("deduplication saves what the repositories would take beyond the content") {
    auto r = some_report();
    CHECK(r.dedup_saved_bytes() == 300);
    CHECK(r.dedup_ratio() == Approx(1.0 / 3));
    r.store.content_bytes = 1000; // content that no repository has any more
    CHECK(r.dedup_saved_bytes() == 0);
}

TEST_CASE("ratios of nothing are zero") {
    stats_report const r;
    CHECK(r.request_hit_ratio() == 0);
    CHECK(r.byte_hit_ratio() == 0);
    CHECK(r.saved_ratio() == 0);
    CHECK(r.dedup_ratio() == 0);
}

TEST_CASE("the document of the statistics says what the metrics say") {
    auto const r = some_report();
    auto const document = boost::json::value(to_json(r));
    CHECK(document.at_pointer("/requests/manifest/miss") == 10);
    CHECK(document.at_pointer("/requests/blob/collapsed") == 10);
    CHECK(document.at_pointer("/bytes/from_upstream") == 1500);
    CHECK(document.at_pointer("/upstreams/docker.io/errors") == 1);
    CHECK(document.at_pointer("/uploads") == 2);
    auto const metrics = metrics_text(r);
    CHECK(has_line(metrics, R"(layerd_requests_total{content="manifest",result="hit"} 60)"));
    CHECK(has_line(metrics, R"(layerd_upstream_received_bytes_total{upstream="docker.io"} 1500)"));
    CHECK(has_line(metrics, "layerd_served_bytes_total 4000"));
    CHECK(has_line(metrics, "layerd_store_dedup_saved_bytes 300"));
    CHECK(has_line(metrics, "layerd_uploads_open 2"));
    CHECK(has_line(metrics, "# TYPE layerd_requests_total counter"));
}

TEST_CASE("metrics count from the start of this run, for a number that fell counts as traffic") {
    auto r = some_report();
    r.since_start.bytes_served = 40;
    r.since_start.upstreams["docker.io"].requests = 2;
    r.since_start.upstreams["docker.io"].first_byte.add(std::chrono::milliseconds(100));
    r.since_start.upstreams["docker.io"].first_byte_sum_us = 100'000;
    auto const metrics = metrics_text(r);
    CHECK(has_line(metrics, R"(layerd_upstream_first_byte_seconds_bucket{upstream="docker.io",le="0.065536"} 0)"));
    CHECK(has_line(metrics, R"(layerd_upstream_first_byte_seconds_bucket{upstream="docker.io",le="0.131072"} 1)"));
    CHECK(has_line(metrics, R"(layerd_upstream_first_byte_seconds_sum{upstream="docker.io"} 0.1)"));
    CHECK(has_line(metrics, "layerd_served_bytes_total 40"));
    CHECK(has_line(metrics, R"(layerd_upstream_requests_total{upstream="docker.io"} 2)"));
}

TEST_CASE("an endpoint's state is one line a state, and a budget that was not heard of is absent") {
    endpoint_report failing, untold;
    failing.url = "https://a";
    failing.breaker = breaker_state::open;
    failing.budget = pull_budget{100, 7, {}};
    untold.url = "https://b";
    stats_report r;
    r.endpoints["docker.io"] = {failing, untold};
    auto const metrics = metrics_text(r);
    CHECK(has_line(metrics,
                   R"(layerd_upstream_breaker_state{upstream="docker.io",endpoint="https://a",state="open"} 1)"));
    CHECK(has_line(metrics,
                   R"(layerd_upstream_breaker_state{upstream="docker.io",endpoint="https://a",state="closed"} 0)"));
    CHECK(has_line(metrics, R"(layerd_upstream_ratelimit_remaining{upstream="docker.io",endpoint="https://a"} 7)"));
    CHECK(metrics.find(R"(ratelimit_remaining{upstream="docker.io",endpoint="https://b"})") == metrics.npos);
}

TEST_CASE("certificates are shown with the time at which they expire") {
    stats_report r;
    CHECK(metrics_text(r).find("certificate") == std::string::npos);
    r.certificate_expiry["/etc/layerd/tls.pem"] = 1795905600;
    CHECK(has_line(metrics_text(r),
                   R"(layerd_tls_certificate_expiry_timestamp_seconds{file="/etc/layerd/tls.pem"} 1795905600)"));
    CHECK(boost::json::value(to_json(r)).at("certificates").at("/etc/layerd/tls.pem").at("expires_at") == 1795905600);
}

TEST_CASE("a label's value cannot break out of its line") {
    stats_report r;
    r.since_start.upstreams["a\"b\\c\nd"].requests = 1;
    CHECK(has_line(metrics_text(r), R"(layerd_upstream_requests_total{upstream="a\"b\\c\nd"} 1)"));
}
