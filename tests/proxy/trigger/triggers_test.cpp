// What the server does by itself, by the clock.
#include "tests/catch.h"
#include "tests/support/captured_log.h"
#include "tests/support/pulling_mirror.h"
#include "tests/support/set_clock.h"

using namespace tests;
using namespace std::chrono_literals;

namespace {

std::string const repo = "library/app", path = "/v2/library/app/manifests/1";

struct by_the_clock : pulling_mirror {
    set_clock clock;

    by_the_clock() { seams.now = clock.source(); }
    boost::json::object trigger(std::size_t n = 0) const {
        return boost::json::parse(admin_get("/api/v1/triggers").body).at("triggers").at(n).as_object();
    }
    // Lets the time pass that brings the first trigger's next run; what became of that.
    std::string next_run() {
        auto const before = trigger();
        auto const next = before.at("next_run").as_int64();
        clock.pass(std::chrono::seconds(std::max<std::int64_t>(1, next - clock.now())));
        boost::json::object after;
        if (!eventually([&] {
                after = trigger();
                return after.at("running") == false && !after.at("last_run").is_null() &&
                       after.at("last_run").as_int64() >= next;
            }))
            return "never";
        return std::string(after.at("last_result").as_string());
    }
    std::size_t heads() const { return origin.count("HEAD", path); }
};

} // namespace

TEST_CASE("images are warmed when it is time, and not before") {
    by_the_clock m;
    auto const i = m.put(repo, "1", 1);
    m.settings.triggers = {{.name = "nightly", .at = 210min, .warm = {"app:1", "app:2"}}};
    m.start();
    CHECK(m.trigger().at("name") == "nightly");
    CHECK(m.trigger().at("when") == "at 03:30");
    CHECK(m.trigger().at("last_run").is_null());
    CHECK(m.origin.requests().empty());
    CHECK(m.next_run().starts_with("app:2: no manifest '2' at upstream; warmed 1 image: 4 objects, 29"));
    CHECK(m.trigger().at("last_ok") == false);
    m.origin.forget_requests();
    CHECK(m.pull(repo, "1", i));
    CHECK(m.origin.requests().empty());
}

TEST_CASE("a tag that moves is warmed, whoever has seen it move first") {
    by_the_clock m;
    auto const first = m.make(1), second = m.make(20), third = m.make(40);
    auto const tag = m.put_moving(repo, "1", first);
    m.settings.triggers = {{.name = "moves", .every = 10min, .on_move = {"app:1"}}};
    m.start();
    CHECK(m.next_run() == "0 of 1 tag moved");
    CHECK(m.fetched(repo, first) == 0);
    m.move(repo, *tag, second);
    CHECK(m.next_run().starts_with("1 of 1 tag moved; warmed 1 image: 3 objects, "));
    CHECK(m.fetched(repo, second) == 3);
    CHECK(m.next_run() == "0 of 1 tag moved");

    m.move(repo, *tag, third);
    m.clock.pass(6min);
    CHECK(eventually([&] { return m.get(path).body == third.manifest; })); // a client has seen it
    m.restart();
    CHECK(m.next_run().starts_with("1 of 1 tag moved; warmed 1 image: "));
    CHECK(m.fetched(repo, third) == 3);
}

TEST_CASE("what could not be warmed when its tag moved is tried again") {
    by_the_clock m;
    auto const first = m.make(1), second = m.make(20);
    auto const tag = m.put_moving(repo, "1", first);
    m.settings.triggers = {{.name = "moves", .every = 10min, .on_move = {"app:1"}}};
    m.start();
    m.next_run();
    m.put_manifest(repo, "none", second.manifest);
    tag->set(second.manifest);
    CHECK(m.next_run().starts_with("1 of 1 tag moved; docker.io/library/app:1: "));
    m.put(repo, second);
    CHECK(m.next_run().starts_with("1 of 1 tag moved; warmed 1 image: "));
    CHECK(m.next_run() == "0 of 1 tag moved");
}

TEST_CASE("the hottest tags are asked about before they expire, and clients find them fresh") {
    by_the_clock m;
    m.put(repo, "1", 1);
    m.put("library/cold", "1", 30);
    m.start();
    for (int n = 0; n < 3; ++n)
        m.get(path);
    m.get("/v2/library/cold/manifests/1");
    m.settings.triggers = {{.name = "fresh", .every = 4min, .keep_fresh = 1}};
    m.restart(); // what tags were asked for is known after a restart too
    m.clock.pass(2min);
    CHECK(m.next_run() == "asked about 1 of the 1 hottest tag, 0 moved");
    m.origin.forget_requests();
    for (int n = 0; n < 4; ++n) {
        m.next_run();
        CHECK(m.get(path).header("Cache-Status") == "layerd; hit");
    }
    CHECK(m.heads() == 4);
    CHECK(m.origin.count("HEAD", "/v2/library/cold/manifests/1") == 0);
}

TEST_CASE("garbage is collected when it is time") {
    by_the_clock m;
    m.settings.triggers = {{.name = "gc", .every = 1h, .gc = true}};
    m.start();
    CHECK(m.next_run().starts_with("gc: removed 0 objects"));
    CHECK(m.trigger().at("last_ok") == true);
}

TEST_CASE("triggers change while the server runs, and those that stay go on where they were") {
    by_the_clock m;
    m.put(repo, "1", 1);
    proxy::trigger_config const warm{.name = "warm", .every = 1h, .warm = {"app:1"}};
    m.settings.triggers = {warm};
    m.start();
    m.next_run();
    auto const before = m.trigger();
    auto wanted = m.settings;
    wanted.triggers = {warm, {.name = "gc", .at = 0min, .gc = true}};
    captured_log const log;
    m.server->get().reload(wanted);
    CHECK(log.has("configuration reloaded: trigger changed"));
    CHECK(m.trigger() == before);
    CHECK(m.trigger(1).at("when") == "at 00:00");
    wanted.triggers = {{.name = "warm", .every = 2h, .warm = {"app:1"}}};
    m.server->get().reload(wanted);
    CHECK(m.trigger().at("when") == "every 2h");
    CHECK(m.trigger().at("last_result") == before.at("last_result"));
    CHECK(m.trigger().at("next_run").as_int64() >= before.at("last_run").as_int64() + 7200);
}

TEST_CASE("what a trigger did is known after a restart, and not done again") {
    by_the_clock m;
    m.put(repo, "1", 1);
    m.settings.triggers = {{.name = "warm", .every = 1h, .warm = {"app:1"}}};
    m.start();
    auto const result = m.next_run();
    auto const before = m.trigger();
    m.restart();
    CHECK(m.trigger().at("last_run") == before.at("last_run"));
    CHECK(m.trigger().at("last_result") == result.c_str());
    CHECK(m.trigger().at("next_run").as_int64() >= before.at("last_run").as_int64() + 3600);
}

TEST_CASE("a trigger that asks for what is not there any more says so, each time") {
    by_the_clock m;
    m.settings.triggers = {{.name = "gone", .every = 1h, .warm = {"quay.io/a:1"}, .on_move = {"quay.io/a:1"}}};
    m.start();
    CHECK(m.next_run() == "quay.io/a:1: registry 'quay.io' is not configured as an upstream; 0 of 1 tag moved; "
                          "quay.io/a:1: registry 'quay.io' is not configured as an upstream; warmed 0 images: 0 "
                          "objects, 0 B downloaded");
    CHECK(m.admin_get("/api/v1/triggers").status == 200);
    CHECK(m.post("/api/v1/triggers", {}).status == 405);
}
