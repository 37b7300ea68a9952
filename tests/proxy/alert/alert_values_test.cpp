// The numbers behind alerts, each brought about by what clients, upstreams and the store do. Time is an argument.
#include "proxy/alert/alert_values.h"

#include "proxy/alert/alert_watch.h"
#include "proxy/stats/traffic_recorder.h"
#include "tests/catch.h"
#include "tests/support/run_io.h"
#include "tests/support/running_server.h"
#include "tests/support/scripted_origin.h"

#include <memory>
#include <string>
#include <vector>

using namespace proxy;
using namespace std::chrono_literals;
using tests::run_io;

namespace {

constexpr std::int64_t minute = 60, hour = 3600;
constexpr std::int64_t start = 20'000 * 86400; // midnight UTC

struct numbers {
    tests::temp_folder folder;
    tests::scripted_origin origin;
    std::unique_ptr<store::content_store> store = opened(folder);
    stats counts{1};
    history past{store->series(), {}, start, [] { return storage_sample(); }};
    worker w{0};
    upstream* hub = nullptr; // of the set
    upstream_set upstreams{made(), {}};
    alert_values values{past, upstreams, folder.path()};
    std::int64_t now = start;

    static std::unique_ptr<store::content_store> opened(tests::temp_folder const& folder) {
        store::options o;
        o.path = folder.path();
        return store::content_store::open(std::move(o)).value();
    }
    std::vector<std::unique_ptr<upstream>> made() {
        upstream_config c{.name = "docker.io"};
        c.endpoints = {origin.endpoint()};
        c.retries = 0;
        std::vector<std::unique_ptr<upstream>> all;
        all.push_back(std::make_unique<upstream>(c, std::vector{&w}, counts.upstream(c.name)));
        hub = all.front().get();
        return all;
    }

    std::optional<double> value(alert_metric m, std::uint64_t min_requests = 1) {
        alert_config c;
        c.metric = m;
        c.over = 10min;
        c.min_requests = min_requests;
        return values.value(c, now);
    }
    void serve(outcome o, std::uint64_t bytes, unsigned status = 200, bool unstored = false) {
        traffic_recorder r;
        r.add({.content = content_class::blob,
               .outcome = o,
               .is_get = true,
               .unstored = unstored,
               .status = status,
               .body_bytes = bytes});
        past.add(r.take());
    }
    void find_rotten(std::uint64_t n) {
        traffic_parts parts;
        parts.all().integrity_failures = n;
        past.add(parts);
    }
    void pass(std::int64_t seconds) {
        for (auto const end = now + seconds; now < end;) {
            now += minute;
            REQUIRE(past.step(now));
        }
    }
    void ask_upstream(std::string path) {
        upstream_request q{http_method::get, oci::repository::parse("library/a").value(), std::move(path), "", {}, {}};
        (void)run_io(w, [&] { return hub->open(w, q, deadline::after(60s)); });
    }
};

} // namespace

TEST_CASE("the hit ratios of an alert are of the time it is over, and nothing below the fewest requests") {
    numbers n;
    n.serve(outcome::miss, 1000);
    n.serve(outcome::hit, 500);
    n.serve(outcome::stale, 500);
    CHECK(n.value(alert_metric::hit_ratio, 4) == std::nullopt);
    n.serve(outcome::hit, 2000);
    CHECK(n.value(alert_metric::hit_ratio, 4) == 0.75);
    CHECK(n.value(alert_metric::byte_hit_ratio, 4) == 0.75);
    n.pass(5 * minute);
    n.serve(outcome::hit, 0);
    CHECK(n.value(alert_metric::hit_ratio) == 0.8);
    n.pass(7 * minute);
    CHECK(n.value(alert_metric::hit_ratio) == 1.0); // the first were too long ago
    n.pass(hour);
    CHECK(n.value(alert_metric::hit_ratio) == std::nullopt);
}

TEST_CASE("the error ratio of an alert counts what is no client's fault") {
    numbers n;
    CHECK(n.value(alert_metric::error_ratio) == std::nullopt);
    for (int i = 0; i < 3; ++i)
        n.serve(outcome::hit, 10);
    n.serve(outcome::error, 10, 404);
    CHECK(n.value(alert_metric::error_ratio) == 0.0);
    n.serve(outcome::error, 10, 502);
    CHECK(n.value(alert_metric::error_ratio) == 0.25);
}

TEST_CASE("the rate budget of an alert is the share that is left, once an upstream has told it") {
    numbers n;
    n.origin.on("GET", "/v2/library/a/manifests/1")
        .reply(200, {{"RateLimit-Limit", "100;w=21600"}, {"RateLimit-Remaining", "25;w=21600"}}, "{}");
    CHECK(n.value(alert_metric::rate_budget) == std::nullopt);
    n.ask_upstream("manifests/1");
    CHECK(n.value(alert_metric::rate_budget) == 0.25);
}

TEST_CASE("an upstream that is gone is one that is open") {
    numbers n;
    CHECK(n.value(alert_metric::upstream_open) == 0.0);
    n.origin.go_down();
    for (int i = 0; i < 10; ++i)
        n.ask_upstream("manifests/1");
    CHECK(n.value(alert_metric::upstream_open) == 1.0);
    CHECK(n.values.open_upstreams() == std::vector<std::string>{"docker.io"});
}

TEST_CASE("an upstream that was gone before a restart is gone until it answers") {
    numbers n;
    n.values.were_open({"docker.io", "one that is configured no more"});
    CHECK(n.value(alert_metric::upstream_open) == 1.0);
    n.origin.on("GET", "/v2/library/a/manifests/1").reply(502).reply(404);
    n.ask_upstream("manifests/1"); // one failure does not open the breaker
    CHECK(n.value(alert_metric::upstream_open) == 1.0);
    n.ask_upstream("manifests/1");
    CHECK(n.value(alert_metric::upstream_open) == 0.0);
}

TEST_CASE("the free disk of an alert is a share") {
    numbers n;
    auto const free = n.value(alert_metric::disk_free);
    REQUIRE(free);
    CHECK(*free >= 0);
    CHECK(*free <= 1);
    alert_values const nowhere(n.past, n.upstreams, n.folder.path() / "absent");
    alert_config c;
    c.metric = alert_metric::disk_free;
    CHECK(nowhere.value(c, n.now) == std::nullopt);
}

TEST_CASE("what was passed through or found rotten counts for as long as the alert is over") {
    numbers n;
    CHECK(n.value(alert_metric::unstored) == 0.0);
    CHECK(n.value(alert_metric::integrity_failures) == 0.0);
    n.serve(outcome::miss, 100, 200, true);
    n.serve(outcome::miss, 100);
    n.pass(minute);
    CHECK(n.value(alert_metric::unstored) == 1.0);
    n.pass(8 * minute);
    n.serve(outcome::pass, 100, 200, true);
    n.find_rotten(3);
    CHECK(n.value(alert_metric::unstored) == 2.0);
    CHECK(n.value(alert_metric::integrity_failures) == 3.0);
    n.pass(5 * minute);
    CHECK(n.value(alert_metric::unstored) == 1.0);
    n.pass(10 * minute);
    CHECK(n.value(alert_metric::unstored) == 0.0);
    CHECK(n.value(alert_metric::integrity_failures) == 0.0);
}

TEST_CASE("an alert that was told before a restart is told once, and its end too; one that was changed begins anew") {
    numbers n;
    alert_config c;
    c.name = "hits";
    c.metric = alert_metric::hit_ratio;
    c.below = 0.5;
    c.min_requests = 1;
    std::vector<std::string> told;
    auto const started = [&](alert_config const& rule, std::string_view saved) {
        auto watch = std::make_unique<alert_watch>(std::vector{rule}, n.values,
                                                   [&](alert_message const& m) { told.push_back(m.text); });
        watch->restore(saved);
        watch->step(n.now);
        return watch;
    };
    n.serve(outcome::miss, 10);
    auto const saved = started(c, "")->save();
    CHECK(told == std::vector<std::string>{"hits: hit_ratio is 0.0 %, below 50.0 %"});
    CHECK(started(c, saved)->save() == saved);
    CHECK(told.size() == 1);
    auto changed = c;
    changed.below = 0.4;
    (void)started(changed, saved);
    CHECK(told.size() == 2);
    n.serve(outcome::hit, 10);
    CHECK(started(c, saved)->save() == R"({"told":[],"gone":[]})");
    CHECK(told.back() == "hits: all right again, hit_ratio is 50.0 %");
    for (auto const* nonsense : {"{", "[1]", R"({"told": 1, "gone": [1]})", R"({"told": [{"alert": 1}]})",
                                 R"({"told": [{"alert": {"name": "hits"}}]})"})
        CHECK(started(c, nonsense)->alerts().front().status.state == alert_state::quiet);
}
