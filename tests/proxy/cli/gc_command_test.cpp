#include "proxy/cli/gc_command.h"
#include "tests/catch.h"
#include "tests/support/mirror.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <ctime>
#include <sstream>

using namespace proxy;

namespace {

struct outcome {
    int code = 0;
    std::string out, err;
};

outcome gc(std::string admin, bool dry_run = false, bool json = false, bool terminal = false) {
    std::ostringstream out, err;
    command_environment env{out, err, nullptr};
    env.terminal = terminal;
    auto const code = run_gc({std::move(admin), dry_run, json}, env);
    return {code, out.str(), err.str()};
}

std::string item(std::string type, std::int64_t bytes, std::int64_t unused, std::string reason, std::string policy) {
    namespace json = boost::json;
    return json::serialize(json::object{{"digest", tests::digest_of(type)},
                                        {"bytes", bytes},
                                        {"type", type},
                                        {"last_used", std::time(nullptr) - unused},
                                        {"reason", reason},
                                        {"policy", policy}});
}

} // namespace

TEST_CASE("gc of a running server that has nothing to remove says so, or gives its document") {
    tests::mirror m;
    m.start();
    auto const admin = "http://127.0.0.1:" + std::to_string(m.server->admin_port());
    CHECK(gc(admin).out == "nothing to remove\n");
    CHECK(gc(admin, true).out == "nothing to remove\n");
    auto const json = gc(admin, true, true);
    CHECK(json.code == 0);
    CHECK(boost::json::parse(json.out).at("dry_run") == true);
}

TEST_CASE("what would go is a table: what, how large, how long unused, and why") {
    tests::scripted_origin server;
    server.on("POST", "/api/v1/gc")
        .reply(200, {},
               R"({"dry_run":true,"objects":2,"bytes":20975616,"kept_in_use":0,"reasons":{"keep_storage":)"
               R"({"objects":1,"bytes":4096},"policy":{"objects":1,"bytes":20971520}},"items":[)" +
                   item("oci.layer", 20971520, 3 * 86400 + 60, "policy", "policy 1") + "," +
                   item("oci.config", 4096, 7200, "keep_storage", "") + "]}");
    auto const r = gc(server.url(), true);
    INFO(r.err);
    CHECK(r.code == 0);
    CHECK(r.out == "would remove 2 objects, 20.0 MiB\n"
                   "  keep_storage: 1 object, 4.0 KiB\n"
                   "  policy: 1 object, 20.0 MiB\n"
                   "  digest                   size  unused for  type        why\n"
                   "  " +
                       tests::digest_of("oci.layer").substr(0, 19) +
                       "  20.0 MiB       3d 0h  oci.layer   policy 1\n"
                       "  " +
                       tests::digest_of("oci.config").substr(0, 19) +
                       "   4.0 KiB       2h 0m  oci.config  keep_storage\n");
}

TEST_CASE("nothing that a server says in its report moves the cursor") {
    tests::scripted_origin server;
    server.on("POST", "/api/v1/gc")
        .reply(200, {},
               R"({"objects":1,"reasons":{"\u001b[2J":{"objects":1},"b":{"objects":1}},"items":[)"
               R"({"digest":"\u001b[2J","type":"\r","policy":"\u0007"}]})")
        .reply(409, {}, R"({"error":"\u001b[2J"})");
    CHECK(gc(server.url(), true).out.find_first_of("\x1b\r\x07") == std::string::npos);
    CHECK(gc(server.url(), true).err == "layerd gc: ?[2J\n");
}

TEST_CASE("a long list is cut, and what stayed is counted") {
    tests::scripted_origin server;
    std::string items;
    for (int i = 0; i < 25; ++i)
        items += (i == 0 ? "" : ",") + item("oci.layer", 1024, 0, "policy", "policy 2");
    server.on("POST", "/api/v1/gc")
        .reply(200, {}, R"({"dry_run":false,"objects":25,"bytes":25600,"kept_in_use":3,"items":[)" + items + "]}");
    auto const r = gc(server.url());
    CHECK(r.code == 0);
    CHECK(r.out.starts_with("removed 25 objects, 25.0 KiB\n"));
    CHECK(r.out.ends_with("  … and 5 more: --json shows them\n3 stayed, being read just now\n"));
    CHECK(std::count(r.out.begin(), r.out.end(), '\n') == 1 + 1 + 20 + 1 + 1);
}

TEST_CASE("a bar is drawn on a terminal while a run goes on, and wiped away") {
    tests::scripted_origin server;
    auto const held = tests::gate::closed();
    server.on("POST", "/api/v1/gc")
        .reply(tests::reply(200).body(R"({"dry_run":false,"objects":0,"bytes":0,"items":[]})").hold_head(held));
    server.on("GET", "/api/v1/gc").call([held](tests::recorded_request const&) {
        held->open();
        return tests::reply(200).body(R"({"running":true,"done":10,"of":40,"runs":0})");
    });
    auto const r = gc(server.url(), false, false, true);
    CHECK(r.code == 0);
    CHECK(r.out.ends_with("nothing to remove\n"));
    if (r.out.find("10/40") != r.out.npos) { // unless the run's answer was faster than the bar's
        CHECK(r.out.find("\r[##########..............................] 10/40 objects") != r.out.npos);
        CHECK(r.out.find("\r\x1b[K") != r.out.npos);
    }
}

TEST_CASE("gc says why it cannot be done") {
    tests::scripted_origin server;
    server.on("POST", "/api/v1/gc")
        .reply(409, {}, R"({"error":"a collection is under way"})")
        .reply(200, {}, "<html>")
        .reply(200, {}, "{}")
        .reply(404);
    CHECK(gc(server.url()).err == "layerd gc: a collection is under way\n");
    for (int i = 0; i < 3; ++i) {
        auto const r = gc(server.url());
        CHECK(r.code == 1);
        CHECK(r.out.empty());
        CHECK(r.err.find("is this the admin API of layerd?") != r.err.npos);
    }
    auto const bad = gc("localhost:5001");
    CHECK(bad.code == 2);
    CHECK(bad.err == "layerd gc: --admin must be a URL such as \"http://127.0.0.1:5001\"\n");
}
