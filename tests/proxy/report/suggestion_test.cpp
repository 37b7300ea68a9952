// What is concluded from figures, and that nothing is concluded from few of them.
#include "proxy/report/suggestion.h"

#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t gib = 1024 * 1024 * 1024;

traffic of(outcome o, std::uint64_t n, std::uint64_t bytes_from_upstream = 0) {
    traffic t;
    t.requests[static_cast<std::size_t>(content_class::blob)][static_cast<std::size_t>(o)] = n;
    t.bytes_from_upstream = bytes_from_upstream;
    return t;
}

// A week in which there is nothing to change.
report_facts good_week() {
    report_facts f;
    f.total = of(outcome::hit, 9'000, 100 * gib);
    f.total += of(outcome::miss, 1'000);
    f.keep_storage = 50 * gib;
    f.tag_lifetime = {{"docker.io", 300s}};
    f.upstreams["docker.io"].upstream_requests = 1'000;
    return f;
}

suggestion only(report_facts const& f) {
    auto all = suggestions_for(f);
    REQUIRE(all.size() == 1);
    return std::move(all.front());
}

} // namespace

TEST_CASE("a good week needs no change") {
    CHECK(suggestions_for(good_week()).empty());
}

TEST_CASE("a week without a request asks for clients") {
    CHECK(only({}).topic == "clients");
}

TEST_CASE("the limit is small where much comes back soon after it had to go") {
    auto f = good_week();
    f.total.returned_objects = 1'800;
    f.total.returned_bytes = 25 * gib;
    auto const s = only(f);
    CHECK(s.topic == "keep_storage");
    CHECK(s.text ==
          "keep_storage, 50.0 GiB, is small for this traffic: 1,800 objects, 25.0 GiB, were downloaded again soon "
          "after they had gone for want of space, 25.0 % of all that came from upstream. Twice the space would "
          "have kept them: 20.0 % more hits.");
    CHECK(s.figures.at("hits").as_uint64() == 9'000);
    f.keep_storage = 0;
    CHECK(only(f).text.starts_with("The disk is small for this traffic (min_free_space): "));
    f.total.returned_bytes = gib / 2; // half a percent
    CHECK(suggestions_for(f).empty());
}

TEST_CASE("where nothing was a hit for want of space, that is said") {
    report_facts f;
    f.total = of(outcome::miss, 1'000, 100 * gib);
    f.total.returned_objects = 900;
    f.total.returned_bytes = 90 * gib;
    CHECK(only(f).text.ends_with("Twice the space would have kept them: 900 hits where there were none."));
}

TEST_CASE("a tag's lifetime is short where asking finds nothing new, long where it finds something mostly") {
    auto f = good_week();
    auto& hub = f.upstreams["docker.io"];
    hub.revalidations = 1'000;
    hub.revalidations_unchanged = 990;
    auto const s = only(f);
    CHECK(s.topic == "tag_ttl");
    CHECK(s.about == "docker.io");
    CHECK(s.text.find("990 of 1,000 questions to docker.io") == 0);
    CHECK(s.text.find(R"(tag_ttl = "10m" instead of "5m")") != s.text.npos);
    hub.revalidations_unchanged = 700;
    CHECK(suggestions_for(f).empty());
    hub.revalidations_unchanged = 400;
    CHECK(only(f).text.find(R"(600 of 1,000 questions to docker.io whether a tag had moved found that it had)") == 0);
    hub.revalidations = hub.revalidations_unchanged = 49;
    CHECK(suggestions_for(f).empty());
    hub.revalidations = hub.revalidations_unchanged = 50;
    f.tag_lifetime["docker.io"] = 0s;
    CHECK(only(f).text.find(R"(tag_ttl = "1m" instead of "0s")") != std::string::npos);
    f.tag_lifetime.clear(); // no upstream of the configuration any more
    CHECK(suggestions_for(f).empty());
}

TEST_CASE("the repository that was downloaded most is named if that is a good part of all") {
    auto f = good_week();
    f.repositories["docker.io/a"] = of(outcome::miss, 200, 30 * gib);
    f.repositories["docker.io/b"] = of(outcome::miss, 900, 10 * gib);
    auto const s = only(f);
    CHECK(s.topic == "warm");
    CHECK(s.about == "docker.io/a");
    CHECK(s.text.find("docker.io/a missed most: 200 misses, 30.0 GiB, 30.0 % of all that came from upstream.") == 0);
    f.repositories["other"] = of(outcome::miss, 200, 60 * gib); // nobody in particular
    CHECK(only(f).about == "docker.io/a");
    f.repositories["docker.io/a"] = of(outcome::miss, 200, 19 * gib);
    CHECK(suggestions_for(f).empty());
}

TEST_CASE("few hits are put down to new content only where more space would not have helped") {
    auto f = good_week();
    f.total += of(outcome::miss, 30'000);
    CHECK(only(f).text.find("Only 22.5 % of the requests for content were hits, and more space would not") == 0);
    f.total.returned_objects = 1'800;
    f.total.returned_bytes = 25 * gib;
    CHECK(only(f).topic == "keep_storage");
}

TEST_CASE("an upstream that fails often should have a second endpoint") {
    auto f = good_week();
    f.upstreams["docker.io"].upstream_errors = 120;
    auto const s = only(f);
    CHECK(s.topic == "endpoints");
    CHECK(s.text.find("120 of 1,000 requests to docker.io failed (12.0 %).") == 0);
    f.upstreams["docker.io"].upstream_errors = 40;
    CHECK(suggestions_for(f).empty());
}
