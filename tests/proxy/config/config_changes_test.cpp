#include "proxy/config/config_changes.h"

#include "tests/catch.h"

using namespace proxy;

namespace {

using keys = std::vector<std::string>;

} // namespace

TEST_CASE("a configuration that is the same changes nothing") {
    CHECK(compare(default_config(), default_config()).empty());
}

TEST_CASE("gc and the log's level change at once, by name") {
    auto wanted = default_config();
    wanted.gc.keep_storage = {1, {}};
    wanted.gc.policies.emplace_back();
    wanted.log.level = "debug";
    auto const found = compare(default_config(), wanted);
    CHECK(found.at_once == keys{"gc.keep_storage", "gc.policy", "log.level"});
    CHECK(found.after_restart.empty());
}

TEST_CASE("everything else waits for a restart, by name") {
    auto wanted = default_config();
    wanted.server.listen = {{"127.0.0.1", 1}};
    wanted.server.drain_timeout = std::chrono::seconds(1);
    wanted.store.sync_pulled = true;
    wanted.hosted.prefixes = {"here"};
    wanted.log.format = log_format::json;
    auto const found = compare(default_config(), wanted);
    CHECK(found.at_once.empty());
    CHECK(found.after_restart ==
          keys{"server.listen", "server.drain_timeout", "store.durability", "hosted.prefixes", "log.format"});
}

TEST_CASE("upstreams that came, went or changed are named") {
    auto const running = default_config();
    auto wanted = running;
    wanted.upstreams[0].tag_ttl = std::chrono::seconds(1);
    wanted.upstreams[1].name = "quay.io";
    CHECK(compare(running, wanted).after_restart == keys{"upstream docker.io", "upstream quay.io", "upstream ghcr.io"});
    auto turned = running;
    std::swap(turned.upstreams[0], turned.upstreams[1]);
    CHECK(compare(running, turned).after_restart == keys{"the order of the upstreams"});
}
