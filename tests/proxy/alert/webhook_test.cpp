// Alerts at a real HTTP receiver, one that takes them and one that does not.
#include "proxy/alert/webhook.h"

#include "tests/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/gate.h"
#include "tests/support/running_server.h"
#include "tests/support/scripted_origin.h"
#include "tests/support/test_thread.h"

#include <boost/asio/executor_work_guard.hpp>

#include <algorithm>
#include <fstream>

using namespace proxy;

namespace {

// A worker that runs for as long as the test does.
struct running_worker {
    worker w{0};
    net::executor_work_guard<executor> busy{w.executor()};
    tests::test_thread thread{[this] { w.context().run(); }};

    ~running_worker() { busy.reset(); }
};

alert_message message(std::string text, bool resolved = false) {
    return {resolved, "few hits", std::move(text), 1'800'000'000, 0.42};
}

constexpr webhook::timing quick{milliseconds(60'000), milliseconds(1)};

} // namespace

TEST_CASE("an alert is a POST with its text, its state and its value") {
    tests::scripted_origin receiver;
    receiver.on("POST", "/hook").reply(204, {}, "");
    running_worker r;
    webhook hook(r.w, receiver.url("/hook?key=1"), webhook_format::json, quick);
    hook.send(message("few hits: hit_ratio is 42.0 %, below 50.0 %"));
    REQUIRE(tests::eventually([&] { return receiver.requests().size() == 1; }));
    auto const asked = receiver.requests().at(0);
    CHECK(asked.target == "/hook?key=1");
    CHECK(asked.header("Content-Type") == "application/json");
    CHECK(asked.body == R"({"text":"few hits: hit_ratio is 42.0 %, below 50.0 %","status":"firing","alert":"few hits",)"
                        R"("at":1800000000,"value":4.2E-1})");
    CHECK(webhook_body(message("x", true), webhook_format::slack) == R"({"text":"x"})");
}

TEST_CASE("a receiver that fails is tried again, and what comes after is not lost") {
    tests::scripted_origin receiver;
    receiver.on("POST", "/hook").reply(500, {}, "").reply(503, {}, "").reply(200, {}, "ok");
    running_worker r;
    webhook hook(r.w, receiver.url("/hook"), webhook_format::slack, quick);
    hook.send(message("first"));
    hook.send(message("second"));
    REQUIRE(tests::eventually([&] { return receiver.requests().size() == 4; }));
    for (auto const i : {0u, 1u, 2u})
        CHECK(receiver.requests().at(i).body == R"({"text":"first"})");
    CHECK(receiver.requests().at(3).body == R"({"text":"second"})");
}

TEST_CASE("a receiver that hangs costs its messages and nothing else") {
    net::io_context context;
    net::ip::tcp::acceptor silent(context, {net::ip::address_v4::loopback(), 0}); // connects, never answers
    auto const url = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/hook";
    running_worker r;
    webhook hook(r.w, url, webhook_format::json, {milliseconds(20), milliseconds(1)});
    for (std::size_t i = 0; i < 3 * webhook::most_waiting; ++i)
        hook.send(message("lost"));
    hook.stop();
    SUCCEED("the worker's context ends, with nothing left to wait for");
}

TEST_CASE("what comes after a message that the receiver hung on is delivered") {
    tests::scripted_origin receiver;
    auto const never = tests::gate::closed();
    receiver.on("POST", "/hook").call([never](tests::recorded_request const& r) {
        auto answer = tests::reply(200);
        return r.body.find("hung on") == std::string::npos ? answer : answer.hold_head(never);
    });
    running_worker r;
    webhook hook(r.w, receiver.url("/hook"), webhook_format::slack, {milliseconds(2'000), milliseconds(1)});
    hook.send(message("hung on"));
    hook.send(message("delivered"));
    auto const tried = [&](std::string const& text) {
        auto const all = receiver.requests();
        return std::count_if(all.begin(), all.end(), [&](auto const& q) { return q.body.find(text) != q.body.npos; });
    };
    CHECK(tests::eventually([&] { return tried("delivered") > 0; }));
    CHECK(tried("hung on") == 3);
}

TEST_CASE("of more messages than may wait the latest are delivered, in order") {
    tests::scripted_origin receiver;
    auto const held = tests::gate::closed();
    receiver.on("POST", "/hook").reply(tests::reply(200).hold_head(held)).reply(200, {}, "ok");
    running_worker r;
    webhook hook(r.w, receiver.url("/hook"), webhook_format::slack, quick);
    hook.send(message("first"));
    REQUIRE(tests::eventually([&] { return receiver.requests().size() == 1; }));
    constexpr std::size_t too_many = 5;
    for (std::size_t i = 0; i < webhook::most_waiting + too_many; ++i)
        hook.send(message(std::to_string(i)));
    held->open();
    REQUIRE(tests::eventually([&] { return receiver.requests().size() == 1 + webhook::most_waiting; }));
    for (std::size_t i = 0; i < webhook::most_waiting; ++i)
        CHECK(receiver.requests().at(1 + i).body == R"({"text":")" + std::to_string(i + too_many) + R"("})");
}

TEST_CASE("a webhook that is a secret stands in a file of its own") {
    tests::temp_folder folder;
    auto const file = folder.path() / "hook";
    webhook_config c;
    CHECK(webhook::url_of(c).value().empty());
    c.url_file = file;
    CHECK(webhook::url_of(c).error().message.find("cannot be read") != std::string::npos);
    std::ofstream(file) << "nonsense\n";
    CHECK(webhook::url_of(c).error().message.find("holds no URL") != std::string::npos);
    std::ofstream(file) << "https://hooks.example.com/secret\n";
    CHECK(webhook::url_of(c).value() == "https://hooks.example.com/secret");
}
