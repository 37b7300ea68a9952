// An upstream that fails for a while: what is tried again, what is left alone, and when it is used again.
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"

#include <algorithm>

using namespace tests;
using namespace std::chrono_literals;

namespace {

std::string const blob = "/v2/library/alpine/blobs/x";
std::string const manifest = "/v2/library/alpine/manifests/1";

// Fails until the breaker of its one endpoint is open.
void break_it(upstream_bench& t) {
    while (t.subject().endpoints().front().breaker == proxy::breaker_state::closed)
        REQUIRE(!t.open("blobs/x"));
}

// One that lost a race is still under way, and must end before what it uses: its peer goes away.
void end_overtaken(upstream_bench& t, scripted_origin& silent) {
    silent.go_down();
    t.worker.context().restart();
    t.worker.context().run();
}

} // namespace

TEST_CASE("what failed is asked for again within the same request") {
    scripted_origin origin;
    upstream_bench t(origin);
    t.config.retries = 2;
    origin.on("GET", blob).reply(503).reply(reply().drop_before_head()).reply(200, {}, "third time");
    CHECK(t.fetch("blobs/x").value().body == "third time");
}

TEST_CASE("what fails each time is an error after as many tries as configured") {
    scripted_origin origin;
    upstream_bench t(origin);
    t.config.retries = 2;
    origin.on("GET", blob).reply(500);
    CHECK(t.fetch("blobs/x").error().status == 502);
    CHECK(origin.count("GET", blob) == 3);
}

TEST_CASE("a definite answer is not asked for again") {
    scripted_origin origin;
    upstream_bench t(origin);
    t.config.retries = 2;
    origin.on("GET", blob).reply(403);
    CHECK(t.fetch("blobs/x").error().code == oci::errc::denied);
    CHECK(t.fetch("blobs/none").value().status == 404);
    CHECK(origin.count("GET", blob) == 1);
    CHECK(origin.count("GET", "/v2/library/alpine/blobs/none") == 1);
}

TEST_CASE("no request goes to an endpoint that failed again and again") {
    scripted_origin origin;
    upstream_bench t(origin);
    origin.on("GET", blob).reply(500);
    break_it(t);
    auto const before = origin.requests().size();
    for (int i = 0; i < 20; ++i) {
        auto const refused = t.open("blobs/x");
        REQUIRE(!refused);
        CHECK(refused.error().status == 503);
        CHECK(refused.error().retry_after >= 1s);
    }
    CHECK(origin.requests().size() == before);
}

TEST_CASE("an endpoint that works again is used again within five seconds") {
    scripted_origin origin;
    upstream_bench t(origin);
    origin.on("GET", blob).reply(500);
    break_it(t);
    for (int i = 0; i < 10; ++i) { // down for a while
        t.now += 5s;
        REQUIRE(!t.open("blobs/x"));
    }
    origin.on("GET", "/v2/library/alpine/blobs/y").reply(200, {}, "back");
    t.now += 5s;
    CHECK(t.fetch("blobs/y").value().body == "back");
    CHECK(t.subject().endpoints().front().breaker == proxy::breaker_state::closed);
}

TEST_CASE("one request alone tries an endpoint whose pause is over") {
    scripted_origin origin;
    upstream_bench t(origin);
    origin.on("GET", blob).reply(500);
    break_it(t);
    auto const before = origin.count("GET", blob);
    t.now += 5s;
    auto const until = proxy::deadline::after(upstream_bench::ample);
    auto answers =
        run_io_all(t.worker, 5, [&](std::size_t) { return t.subject().open(t.worker, t.request("blobs/x"), until); });
    CHECK(origin.count("GET", blob) == before + 1);
    CHECK(std::ranges::count_if(answers, [](auto const& a) { return a.error().retry_after >= 1s; }) == 4);
}

TEST_CASE("while the first endpoint is left alone the next one answers at once") {
    scripted_origin first, second;
    upstream_bench t;
    t.config.endpoints = {first.endpoint(), second.endpoint()};
    first.on("GET", blob).reply(500);
    second.on("GET", blob).reply(200, {}, "second");
    for (unsigned i = 0; i < proxy::circuit_breaker::threshold + 10; ++i)
        CHECK(t.fetch("blobs/x").value().body == "second");
    CHECK(first.count("GET", blob) == proxy::circuit_breaker::threshold);
}

TEST_CASE("an upstream that limits us is asked once in the time that it names") {
    for (unsigned status : {429u, 503u}) {
        scripted_origin origin;
        upstream_bench t(origin);
        t.config.retries = 2;
        origin.on("GET", manifest).reply(status, {{"Retry-After", "30"}}).reply(200, {}, "{}");
        CHECK(t.fetch("manifests/1").error().retry_after == 30s);
        for (int second = 0; second < 29; ++second) {
            t.now += 1s;
            auto const refused = t.open("manifests/1");
            REQUIRE(!refused);
            CHECK(refused.error().status == 503);
            CHECK(refused.error().retry_after == std::chrono::seconds(29 - second));
        }
        CHECK(origin.count("GET", manifest) == 1);
        t.now += 1s;
        CHECK(t.fetch("manifests/1").value().status == 200);
    }
}

TEST_CASE("a pull limit leaves blobs and HEAD alone") {
    scripted_origin origin;
    upstream_bench t(origin);
    origin.on("GET", manifest).reply(429, {}, "You have reached your pull rate limit.");
    origin.on("HEAD", manifest).reply(200, {{"Docker-Content-Digest", "sha256:1"}});
    origin.on("GET", blob).reply(200, {}, "blob");
    CHECK(!t.fetch("manifests/1"));
    CHECK(!t.fetch("manifests/1"));
    CHECK(origin.count("GET", manifest) == 1);
    CHECK(t.fetch("blobs/x").value().body == "blob");
    auto head = t.request("manifests/1");
    head.method = proxy::http_method::head;
    CHECK(t.open(head).has_value());
}

TEST_CASE("what is left of a pull budget is known from the answers") {
    scripted_origin origin;
    upstream_bench t(origin);
    origin.on("GET", manifest)
        .reply(200, {{"RateLimit-Limit", "100;w=21600"}, {"RateLimit-Remaining", "76;w=21600"}}, "{}");
    CHECK(!t.subject().endpoints().front().budget);
    CHECK(t.fetch("manifests/1"));
    CHECK(t.subject().endpoints().front().budget == proxy::pull_budget{100, 76, 21600s});
}

TEST_CASE("a silent endpoint is overtaken by the next one") {
    scripted_origin first, second;
    upstream_bench t;
    t.config.endpoints = {first.endpoint(), second.endpoint()};
    t.config.hedge_after = std::chrono::milliseconds(20);
    auto const g = gate::closed();
    first.on("GET", blob).reply(reply().body("first").hold_head(g));
    second.on("GET", blob).reply(200, {}, "second");
    CHECK(t.fetch("blobs/x").value().body == "second");
    CHECK(first.wait_for(blob, 1));
    CHECK(first.count("GET", blob) == 1);
    end_overtaken(t, first);
}

TEST_CASE("an endpoint that was overtaken and has what the other lacks still answers") {
    scripted_origin first, second;
    upstream_bench t;
    t.config.endpoints = {first.endpoint(), second.endpoint()};
    t.config.hedge_after = std::chrono::milliseconds(20);
    auto const g = gate::closed();
    first.on("GET", blob).reply(reply().body("first").hold_head(g));
    second.on("GET", blob).call([g](recorded_request const&) {
        g->open();
        return reply(404);
    });
    CHECK(t.fetch("blobs/x").value().body == "first");
    CHECK(second.count("GET", blob) == 1);
}

TEST_CASE("no more requests are under way at an upstream than it may be asked at once") {
    scripted_origin origin;
    upstream_bench t(origin);
    t.config.max_requests = 2;
    origin.on("GET", blob).reply(200, {}, "blob");
    std::vector<proxy::upstream_response> under_way;
    for (int i = 0; i < 2; ++i)
        under_way.push_back(t.open("blobs/x").value());
    auto const refused = t.open("blobs/x", proxy::milliseconds(20));
    REQUIRE(!refused);
    CHECK(refused.error().status == 503);
    CHECK(refused.error().retry_after >= 1s);
    under_way.pop_back();
    CHECK(t.open("blobs/x"));
    CHECK(origin.count("GET", blob) == 3);
}

TEST_CASE("pulls wait for each other while the budget is scarce, and nothing else does") {
    scripted_origin origin;
    upstream_bench t(origin);
    origin.on("GET", manifest)
        .reply(200, {{"RateLimit-Limit", "100;w=21600"}, {"RateLimit-Remaining", "10;w=21600"}}, "{}");
    origin.on("GET", blob).reply(200, {}, "blob");
    REQUIRE(t.fetch("manifests/1"));
    auto const first = t.open("manifests/1");
    REQUIRE(first);
    CHECK(!t.open("manifests/1", proxy::milliseconds(20)));
    CHECK(t.open("blobs/x"));
}

TEST_CASE("bytes come no faster than an upstream may send") {
    scripted_origin origin;
    upstream_bench t(origin);
    t.config.max_bandwidth = 1024 * 1024;
    auto const body = pattern(600 * 1024);
    origin.on("GET", blob).serve(body);
    auto const begin = proxy::steady_clock::now();
    auto response = t.open("blobs/x");
    REQUIRE(response);
    std::vector<std::byte> buffer(256 * 1024);
    std::size_t received = 0;
    for (auto n = t.read_some(*response, buffer); n.value() > 0; n = t.read_some(*response, buffer))
        received += *n;
    CHECK(received == body.size());
    // A quarter of a second's bytes may come at once; a lower bound holds on the slowest machine.
    CHECK(proxy::steady_clock::now() - begin >= 200ms);
}

TEST_CASE("downloads keep no question about a blob waiting") {
    scripted_origin origin;
    upstream_bench t(origin);
    t.config.max_requests = 1;
    origin.on("GET", blob).serve("blob");
    auto const under_way = t.open("blobs/x");
    REQUIRE(under_way);
    auto head = t.request("blobs/x");
    head.method = proxy::http_method::head;
    CHECK(t.open(head, proxy::milliseconds(10000)));
    auto first_byte = t.request("blobs/x");
    first_byte.range_first = first_byte.range_last = 0;
    CHECK(t.open(first_byte, proxy::milliseconds(10000)));
}

TEST_CASE("downloads keep no tag waiting") {
    scripted_origin origin;
    upstream_bench t(origin);
    t.config.max_requests = 1;
    origin.on("GET", blob).reply(200, {}, "blob");
    origin.on("GET", manifest).reply(200, {}, "{}");
    auto const under_way = t.open("blobs/x");
    REQUIRE(under_way);
    CHECK(t.open("manifests/1", proxy::milliseconds(10000)));
}

TEST_CASE("of many that wait for the end of a limit one finds out that it goes on") {
    scripted_origin origin;
    upstream_bench t(origin);
    for (int i = 0; i < 50; ++i)
        origin.on("GET", "/v2/library/alpine/manifests/" + std::to_string(i)).reply(429, {{"Retry-After", "30"}});
    REQUIRE(!t.fetch("manifests/0"));
    for (int windows = 1; windows <= 3; ++windows) {
        t.now += 30s;
        auto const until = proxy::deadline::after(upstream_bench::ample);
        auto const answers = run_io_all(t.worker, 50, [&](std::size_t i) {
            return t.subject().open(t.worker, t.request("manifests/" + std::to_string(i)), until);
        });
        for (auto const& a : answers)
            CHECK(a.error().retry_after >= 1s);
        CHECK(origin.requests().size() == std::size_t(1 + windows));
    }
}

TEST_CASE("a budget that is told with the refusal is known as well") {
    scripted_origin origin;
    upstream_bench t(origin);
    origin.on("GET", manifest)
        .reply(429, {{"RateLimit-Limit", "100;w=21600"}, {"RateLimit-Remaining", "0;w=21600"}, {"Retry-After", "5"}});
    CHECK(!t.fetch("manifests/1"));
    CHECK(t.subject().budget() == proxy::pull_budget{100, 0, 21600s});
}

TEST_CASE("one repository that is broken counts once for each request, not for each try") {
    scripted_origin origin;
    upstream_bench t(origin);
    t.config.retries = 2;
    origin.on("GET", blob).reply(500);
    CHECK(!t.fetch("blobs/x"));
    CHECK(origin.count("GET", blob) == 3);
    CHECK(t.subject().endpoints().front().failures == 1);
}

TEST_CASE("a request that was overtaken is under way until it ends") {
    scripted_origin first, second;
    upstream_bench t;
    t.config.endpoints = {first.endpoint(), second.endpoint()};
    t.config.hedge_after = std::chrono::milliseconds(20);
    t.config.max_requests = 1;
    auto const g = gate::closed();
    first.on("GET", blob).reply(reply().body("first").hold_head(g));
    second.on("GET", blob).reply(200, {}, "second");
    CHECK(t.fetch("blobs/x").value().body == "second");
    auto const refused = t.open("blobs/x", proxy::milliseconds(20));
    REQUIRE(!refused);
    CHECK(refused.error().retry_after >= 1s);
    g->open();
    CHECK(t.fetch("blobs/x"));
}

TEST_CASE("a manifest waits for no blob's bytes where an upstream's bandwidth is bounded") {
    scripted_origin origin;
    upstream_bench t(origin);
    t.config.max_bandwidth = 64 * 1024;
    origin.on("GET", blob).serve(pattern(100 * 1024));
    origin.on("GET", manifest).reply(200, {}, pattern(1024 * 1024)); // sixteen seconds of the line
    auto const begin = proxy::steady_clock::now();
    auto const response = t.fetch("manifests/1");
    CHECK(response.value().body.size() == 1024 * 1024);
    CHECK(proxy::steady_clock::now() - begin < 10s);
}

TEST_CASE("an endpoint that was silent is tried on a connection of its own, and its kept ones are dropped") {
    scripted_origin origin;
    upstream_bench t(origin);
    auto const g = gate::closed();
    origin.on("GET", "/v2/library/alpine/blobs/y").reply(200, {}, "y");
    origin.on("GET", blob).reply(reply().body("late").hold_head(g));
    auto one = t.open("blobs/y"), other = t.open("blobs/y");
    REQUIRE((one && other));
    REQUIRE((t.read_all(*one) && t.read_all(*other))); // two connections are kept
    auto const before = origin.connections();
    CHECK(t.open("blobs/x", proxy::milliseconds(1100)).error().status == 504);
    CHECK(t.fetch("blobs/y").value().body == "y");
    CHECK(origin.connections() == before + 1);
    g->open();
}
