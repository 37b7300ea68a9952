// What operators ask of the history, and what they are told when they ask for nonsense.
#include "proxy/stats/series_query.h"

#include "store/content_store.h"
#include "tests/catch.h"
#include "tests/support/running_server.h"

#include <boost/json/serialize.hpp>

using namespace proxy;

namespace {

namespace json = boost::json;

constexpr std::int64_t minute = 60, hour = 3600, day = 86400;
constexpr std::int64_t start = 20'000 * day;
constexpr auto blob = static_cast<std::size_t>(content_class::blob);

struct asked {
    tests::temp_folder folder;
    std::unique_ptr<store::content_store> store;
    storage_sample sample;
    std::int64_t now = start;
    std::unique_ptr<history> h;

    asked() {
        store::options o;
        o.path = folder.path();
        store = store::content_store::open(std::move(o)).value();
        h = std::make_unique<history>(store->series(), history_limits(), now, [this] { return sample; });
    }
    void pass(std::int64_t seconds) {
        for (auto const end = now + seconds; now < end;) {
            now += minute;
            REQUIRE(h->step(now));
        }
    }
    void count(outcome o, std::uint64_t n, std::string const& repository = "docker.io/a") {
        traffic_parts p;
        for (auto* t : {&p.all(), &p.of(dimension::repository)[repository]}) {
            t->requests[blob][static_cast<std::size_t>(o)] += n;
            t->bytes_served += n * 10;
        }
        h->add(std::move(p));
    }
    std::string ask(std::vector<std::pair<std::string, std::string>> items) const {
        items.emplace_back("to", "now"); // not the interval that begins just now
        auto const answer = series(*h, {std::move(items)}, now);
        return answer ? json::serialize(*answer) : answer.error();
    }
    std::string ask_window(std::vector<std::pair<std::string, std::string>> items) const {
        auto const answer = window(*h, {std::move(items)}, now, "USD");
        return answer ? json::serialize(*answer) : answer.error();
    }
    std::string range(std::vector<std::pair<std::string, std::string>> items) const {
        auto const r = parse_range({std::move(items)}, now);
        return r ? std::to_string(r->from) + " " + std::to_string(r->to) + " " + std::to_string(r->step) : r.error();
    }
};

std::string at(std::int64_t t) {
    return std::to_string(t);
}

} // namespace

TEST_CASE("a metric is a value for each interval, null where nothing ran or nothing was") {
    asked a;
    a.count(outcome::hit, 3);
    a.count(outcome::miss, 1);
    a.pass(2 * minute);
    CHECK(a.ask({{"metric", "hit_ratio"}, {"from", at(start - minute)}, {"step", "1m"}}) ==
          R"({"metric":"hit_ratio","unit":"ratio","by":"","from":1727999940,"to":1728000120,"step":60,)"
          R"("times":[1727999940,1728000000,1728000060],"series":[{"name":"","values":[null,7.5E-1,null]}]})");
    CHECK(a.ask({{"metric", "requests"}, {"from", at(start - minute)}, {"step", "60"}})
              .ends_with(R"("series":[{"name":"","values":[null,4E0,0E0]}]})"));
}

TEST_CASE("a sum is exact to the minute, though most of it is read by the hour") {
    asked a;
    for (int i = 0; i < 180; ++i) {
        a.count(outcome::hit, 1);
        a.pass(minute);
    }
    for (auto const minutes : {30u, 60u, 90u, 170u, 180u}) {
        auto const answer =
            window(*a.h, {{{"from", "-" + std::to_string(minutes) + "m"}, {"to", "now"}}}, a.now, "USD");
        REQUIRE(answer);
        CHECK(answer->at("total").at("requests").at("hit").as_uint64() == minutes);
    }
}

TEST_CASE("by name the largest come first and the rest is other, zero while something ran") {
    asked a;
    a.count(outcome::hit, 1, "docker.io/a");
    a.count(outcome::hit, 5, "docker.io/b");
    a.pass(minute);
    a.count(outcome::hit, 3, "docker.io/c");
    a.pass(minute);
    CHECK(a.ask({{"metric", "hits"}, {"by", "repository"}, {"limit", "2"}, {"from", at(start)}, {"step", "1m"}})
              .ends_with(R"("series":[{"name":"docker.io/b","values":[5E0,0E0]},)"
                         R"({"name":"docker.io/c","values":[0E0,3E0]},{"name":"other","values":[1E0,0E0]}]})"));
}

TEST_CASE("what is stored is told as it was at the end of each interval, and by its parts") {
    asked a;
    a.sample.objects = 4;
    a.sample.contents[0][3] = {3, 300}; // pulled layers
    a.sample.contents[1][3] = {1, 100}; // pushed ones
    a.pass(minute);
    auto const of = [&](std::string const& by) {
        return a.ask({{"metric", "store_objects"}, {"by", by}, {"from", at(start)}, {"step", "1m"}});
    };
    CHECK(of("").ends_with(R"("series":[{"name":"","values":[4E0]}]})"));
    CHECK(of("origin").ends_with(R"("series":[{"name":"pull","values":[3E0]},{"name":"push","values":[1E0]}]})"));
    CHECK(of("type").find(R"({"name":"oci.layer","values":[4E0]})") != std::string::npos);
    CHECK(of("repository") == "by must be pool, origin or type where metric is store_objects");
}

TEST_CASE("a stretch of time is summed up, as a whole and by name") {
    asked a;
    a.count(outcome::hit, 3, "docker.io/a");
    a.pass(minute);
    a.count(outcome::miss, 1, "docker.io/b");
    auto const text = a.ask_window({{"by", "repository"}, {"from", "-1h"}});
    INFO(text);
    CHECK(text.find(R"("currency":"USD")") != std::string::npos);
    CHECK(text.find(R"("total":{"requests":{"hit":3,"miss":1,)") != std::string::npos);
    CHECK(text.find(R"("rows":[{"name":"docker.io/a","requests":{"hit":3,"miss":0,)") != std::string::npos);
    CHECK(asked().ask_window({}).find(R"("hit_ratio":{"requests":null,"bytes":null})") != std::string::npos);
}

TEST_CASE("times are Unix seconds, calendar times, or so long ago") {
    asked a;
    a.now = start + 100 * day + 30;
    auto const now = at(a.now);
    auto const next = at(a.now + 1);
    CHECK(a.range({{"from", "-1h"}, {"step", "1m"}}) == at(a.now - hour - 30) + " " + next + " 60");
    CHECK(a.range({{"from", at(a.now - 600)}, {"to", "now"}, {"step", "5m"}}) == at(a.now - 630) + " " + now + " 300");
    CHECK(a.range({{"from", "2025-01-10T00:00:00Z"}, {"to", "2025-01-11T00:00:00Z"}, {"step", "1h"}}) ==
          "1736467200 1736553600 3600");
    CHECK(a.range({{"from", "-1d"}}) == at(a.now - day - 30) + " " + next + " 300");
    CHECK(a.range({}) == a.range({{"from", "-24h"}}));
    CHECK(a.range({{"from", "-30d"}}).ends_with(" 10800"));
    CHECK(a.range({{"from", "-365d"}}).ends_with(" 172800"));
    CHECK(a.range({{"from", "0001-01-01T00:00:00Z"}}) == a.range({{"from", "0"}}));
}

TEST_CASE("questions that make no sense are told why") {
    asked a;
    a.now = start + 100 * day;
    for (auto const* time : {"yesterday", "", "-", "-5", "1e9", "99999999999999999999", "2025-13-01T00:00:00Z",
                             "2025-01-10", "-9999999999d", "\xff"})
        CHECK(a.range({{"from", time}}).starts_with("from must be Unix seconds"));
    CHECK(a.range({{"from", "now"}, {"to", "now"}}) == "from must be before to");
    CHECK(a.range({{"from", "-1h"}, {"to", "-2h"}}) == "from must be before to");
    for (auto const* step : {"0", "-60", "59", "61", "1s", "x", "", "99999999999"})
        CHECK(a.range({{"step", step}}).starts_with("step must be a multiple of one minute"));
    CHECK(a.range({{"from", "-3d"}, {"step", "1m"}}) ==
          "so far back only hours are kept: step must be a multiple of 1h");
    CHECK(a.range({{"from", "-95d"}, {"step", "1h"}}) ==
          "so far back only days are kept: step must be a multiple of 1d");
    CHECK(a.range({{"from", "0"}, {"step", "1d"}}).find("at most 11000") != std::string::npos);
    CHECK(a.ask({{"metric", "nonsense"}}).starts_with("metric must be one of requests, hits,"));
    CHECK(a.ask({}).starts_with("metric must be one of"));
    CHECK(a.ask({{"metric", "hits"}, {"by", "moon"}}) == "by must be upstream, repository or client");
    CHECK(a.ask({{"metric", "hits"}, {"by", "all"}}) == "by must be upstream, repository or client");
    CHECK(a.ask({{"metric", "hits"}, {"by", "client"}, {"limit", "0"}}) == "limit must be a number from 1 to 100");
    CHECK(a.ask({{"metric", "hits"}, {"by", "client"}, {"limit", "100"}, {"step", "1m"}})
              .starts_with("1440 points of 100 names are too many"));
}
