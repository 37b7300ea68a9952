#include "proxy/gc/collector.h"
#include "tests/catch.h"
#include "tests/support/captured_log.h"
#include "tests/support/stored_images.h"
#include "tests/support/test_thread.h"

#include <future>

using namespace proxy;
using namespace std::chrono_literals;

namespace {

std::string const config_a(200, 'c'), layer = tests::random_bytes(300'000, 1);

} // namespace

TEST_CASE("a dry run says what a run removes, changes nothing and is not counted") {
    tests::stored_images s;
    s.add("docker.io/a", "1", {config_a, layer});
    s.expire_after(10s);
    collector gc(*s.content);
    tests::captured_log const log;
    CHECK(gc.run(true)->total().objects == 0);
    s.now += 10;
    auto const dry = gc.run(true);
    REQUIRE(dry);
    CHECK(dry->dry_run);
    CHECK(dry->total().objects == 3);
    CHECK(s.has(layer));
    CHECK(gc.state().runs == 0);
    CHECK_FALSE(log.has("gc:"));

    auto const report = gc.run(false);
    REQUIRE(report);
    CHECK_FALSE(report->dry_run);
    CHECK(report->total().bytes == dry->total().bytes);
    REQUIRE(report->items.size() == dry->items.size());
    for (std::size_t i = 0; i < report->items.size(); ++i)
        CHECK(report->items[i].digest == dry->items[i].digest);
    CHECK_FALSE(s.has(layer));
    CHECK(gc.state().runs == 1);
    CHECK(log.has("gc: removed 3 objects, "));
}

TEST_CASE("a run that finds nothing is counted and not logged") {
    tests::stored_images s;
    collector gc(*s.content);
    tests::captured_log const log;
    CHECK(gc.run(false)->total().objects == 0);
    CHECK(gc.state().runs == 1);
    CHECK_FALSE(log.has("gc:"));
}

TEST_CASE("what is being read stays, is counted, and is not listed as removed") {
    tests::stored_images s;
    s.add("docker.io/a", "1", {config_a, layer});
    auto reading = s.content->open_blob(oci::digest::of(layer)).value();
    s.now += 100;
    s.expire_after(0s);
    collector gc(*s.content);
    tests::captured_log const log;
    auto const report = gc.run(false);
    REQUIRE(report);
    CHECK(report->kept_in_use == 1);
    CHECK(report->items.size() == report->total().objects);
    for (auto const& item : report->items)
        CHECK(item.digest != oci::digest::of(layer));
    CHECK(s.has(layer));
    CHECK(log.has("; 1 in use stayed"));
    reading.reset();
    CHECK(gc.run(false)->total().objects == 1);
}

TEST_CASE("while a run is under way there is no other, and it shows how far it is") {
    tests::stored_images s;
    s.add("docker.io/a", "1", {config_a, layer});
    s.expire_after(0s);
    collector gc(*s.content);
    std::promise<void> begun, go;
    s.when_asked = [&, first = true]() mutable {
        if (std::exchange(first, false)) {
            begun.set_value();
            go.get_future().wait();
        }
    };
    std::optional<store::gc_report> report;
    {
        tests::test_thread const run([&] { report = gc.run(false); });
        CHECK(begun.get_future().wait_for(1min) == std::future_status::ready);
        CHECK(gc.state().running);
        CHECK_FALSE(gc.run(false));
        CHECK_FALSE(gc.run(true));
        go.set_value();
    }
    REQUIRE(report);
    CHECK(report->total().objects == 3);
    auto const state = gc.state();
    CHECK_FALSE(state.running);
    CHECK(state.done == 3);
    CHECK(state.of == 3);
    CHECK(state.runs == 1);
}

TEST_CASE("once stopped, nothing more is removed") {
    tests::stored_images s;
    s.add("docker.io/a", "1", {config_a, layer});
    s.expire_after(0s);
    collector gc(*s.content);
    gc.stop();
    CHECK(gc.run(false)->total().objects == 0);
    CHECK(s.has(layer));
}

TEST_CASE("a report's line and document name sums, reasons and objects") {
    store::gc_report r;
    r.by_reason[static_cast<std::size_t>(store::gc_reason::policy)] = {1, 1024};
    CHECK(summary(r) == "removed 1 object, 1.0 KiB (policy: 1 object, 1.0 KiB)");
    r.by_reason[static_cast<std::size_t>(store::gc_reason::keep_storage)] = {2, 1024};
    r.kept_in_use = 3;
    r.dry_run = true;
    CHECK(summary(r) ==
          "would remove 3 objects, 2.0 KiB (keep_storage: 2 objects, 1.0 KiB; policy: 1 object, 1.0 KiB); "
          "3 in use stayed");
    auto const d = oci::digest::of("x");
    r.items.push_back(
        {d, 4096, store::object_kind::layer, store::object_origin::pull, 7, store::gc_reason::policy, "policy 2"});
    auto const o = to_json(r);
    CHECK(o.at("dry_run") == true);
    CHECK(o.at("objects") == 3);
    CHECK(o.at("bytes") == 2048);
    CHECK(o.at("kept_in_use") == 3);
    CHECK(o.at("reasons").at("keep_storage").at("objects") == 2);
    auto const& item = o.at("items").at(0);
    CHECK(item.at("digest") == d.to_string().c_str());
    CHECK(item.at("type") == "oci.layer");
    CHECK(item.at("origin") == "pull");
    CHECK(item.at("policy") == "policy 2");
    CHECK_FALSE(o.contains("error"));
}
