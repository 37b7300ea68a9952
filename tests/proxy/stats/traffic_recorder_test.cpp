#include "proxy/stats/traffic_recorder.h"

#include "proxy/stats/upstream_meter.h"
#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

namespace {

traffic of(traffic_parts const& parts, dimension d, std::string_view wanted = "") {
    for (auto const& [name, t] : parts.of(d))
        if (name == wanted)
            return t;
    return {};
}

struct recorded {
    stats counts{1};
    upstream_counters& hub = counts.upstream("docker.io");
    traffic_recorder recorder;

    void serve(outcome o, content_class c, std::uint64_t bytes, bool is_get = true) {
        recorder.add({.content = c,
                      .outcome = o,
                      .is_get = is_get,
                      .repository = "docker.io/library/alpine",
                      .client_group = "containerd",
                      .from = &hub,
                      .body_bytes = bytes,
                      .first_byte = 1ms,
                      .total = 2ms});
    }
};

} // namespace

TEST_CASE("a request counts for all, its upstream, its repository and its client") {
    recorded r;
    r.serve(outcome::hit, content_class::blob, 1000);
    r.serve(outcome::miss, content_class::blob, 300);
    auto const parts = r.recorder.take();
    for (auto const& t :
         {of(parts, dimension::all), of(parts, dimension::upstream, "docker.io"),
          of(parts, dimension::repository, "docker.io/library/alpine"), of(parts, dimension::client, "containerd")}) {
        CHECK(t.count(outcome::hit) == 1);
        CHECK(t.count(outcome::miss) == 1);
        CHECK(t.bytes_served == 1300);
        CHECK(t.bytes_from_cache == 1000);
        CHECK(t.total.total() == 2);
    }
    CHECK(r.recorder.empty());
    CHECK(r.recorder.take().empty());
}

TEST_CASE("what came from upstream is counted where it arrives, and for those it went to") {
    recorded r;
    upstream_meter meter(r.counts);
    r.serve(outcome::miss, content_class::blob, 300);
    r.hub.bytes += 400; // some of it for nobody
    r.hub.requests += 2;
    auto parts = r.recorder.take();
    parts += meter.look();
    CHECK(of(parts, dimension::all).bytes_from_upstream == 400);
    CHECK(of(parts, dimension::upstream, "docker.io").bytes_from_upstream == 400);
    CHECK(of(parts, dimension::upstream, "docker.io").upstream_requests == 2);
    CHECK(of(parts, dimension::repository, "docker.io/library/alpine").bytes_from_upstream == 300);
    CHECK(meter.look().empty());
}

TEST_CASE("questions about tags are counted by what they found") {
    recorded r;
    upstream_meter meter(r.counts);
    r.hub.add_revalidation(false);
    r.hub.add_revalidation(false);
    r.hub.add_revalidation(true);
    auto const parts = meter.look();
    CHECK(of(parts, dimension::upstream, "docker.io").revalidations == 3);
    CHECK(of(parts, dimension::all).revalidations_unchanged == 2);
    CHECK(meter.look().empty());
}

TEST_CASE("money is what was served less what was fetched, at the upstream's price") {
    recorded r;
    r.hub.nano_per_byte = 2;
    upstream_meter meter(r.counts);
    r.serve(outcome::miss, content_class::blob, 300);
    r.serve(outcome::hit, content_class::blob, 1000);
    r.hub.bytes += 400;
    auto parts = r.recorder.take();
    parts += meter.look();
    CHECK(of(parts, dimension::all).money_saved_nano == 2 * (1300 - 400));
    CHECK(of(parts, dimension::upstream, "docker.io").money_saved_nano == 1800);
    CHECK(of(parts, dimension::repository, "docker.io/library/alpine").money_saved_nano == 2000);
}

TEST_CASE("pulls are saved where the registry counts them: GETs of manifests") {
    recorded r;
    r.serve(outcome::hit, content_class::manifest, 10);
    CHECK(of(r.recorder.take(), dimension::all).pulls_saved == 0);
    r.hub.counts_pulls = true;
    r.serve(outcome::hit, content_class::manifest, 10);
    r.serve(outcome::stale, content_class::manifest, 10);
    r.serve(outcome::hit, content_class::manifest, 0, false);
    r.serve(outcome::miss, content_class::manifest, 10);
    r.serve(outcome::hit, content_class::blob, 10);
    CHECK(of(r.recorder.take(), dimension::all).pulls_saved == 2);
}

TEST_CASE("time is saved by as much as upstream was slower, lately") {
    recorded r;
    upstream_meter meter(r.counts);
    r.serve(outcome::hit, content_class::blob, 1 << 20);
    CHECK(of(r.recorder.take(), dimension::all).time_saved_us == 0); // nothing is known of upstream yet
    for (int i = 0; i < 10; ++i)
        r.hub.add_first_byte(100ms);
    r.hub.bytes += 10 << 20;
    r.hub.body_wait_us += 1'000'000;
    (void)meter.look();
    r.serve(outcome::hit, content_class::blob, 1 << 20);
    // 100 ms to the first byte, to the width of a bucket, and 100 ms for the MiB, less 2 ms here
    auto const saved = of(r.recorder.take(), dimension::all).time_saved_us;
    CHECK(saved > 170'000);
    CHECK(saved < 240'000);
    r.serve(outcome::miss, content_class::blob, 1 << 20);
    CHECK(of(r.recorder.take(), dimension::all).time_saved_us == 0);
}

TEST_CASE("what was passed through for want of room is counted where it belongs") {
    recorded r;
    traffic_recorder recorder;
    recorder.add({.content = content_class::blob,
                  .outcome = outcome::miss,
                  .is_get = true,
                  .unstored = true,
                  .repository = "docker.io/library/alpine",
                  .from = &r.hub});
    auto const parts = recorder.take();
    CHECK(of(parts, dimension::all).unstored == 1);
    CHECK(of(parts, dimension::upstream, "docker.io").unstored == 1);
    CHECK(of(parts, dimension::repository, "docker.io/library/alpine").unstored == 1);
}

TEST_CASE("a push and a hosted pull count for no upstream and save nothing") {
    traffic_recorder recorder;
    recorder.add({.content = content_class::blob,
                  .outcome = outcome::hit,
                  .is_get = true,
                  .repository = "local/app",
                  .client_group = "docker",
                  .body_bytes = 10,
                  .pushed_bytes = 20});
    auto const parts = recorder.take();
    CHECK(of(parts, dimension::repository, "local/app").bytes_pushed == 20);
    CHECK(of(parts, dimension::all).bytes_pushed == 20);
    CHECK(parts.of(dimension::upstream).empty());
    CHECK(of(parts, dimension::all).money_saved_nano == 0);
    CHECK(of(parts, dimension::all).count(outcome::hit) == 1);
    CHECK(of(parts, dimension::all).requests_saved() == 0);
}
