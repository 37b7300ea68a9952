#include "proxy/cli/warm_command.h"
#include "tests/catch.h"
#include "tests/support/mirror.h"

#include <sstream>

using namespace proxy;

namespace {

struct outcome {
    int code = 0;
    std::string out, err;
};

outcome warm(std::string admin, std::vector<std::string> images, bool terminal = false,
             std::vector<std::string> platforms = {}) {
    std::ostringstream out, err;
    command_environment env{out, err, nullptr};
    env.terminal = terminal;
    auto const code = run_warm({std::move(admin), std::move(images), std::move(platforms)}, env);
    return {code, out.str(), err.str()};
}

std::string const waiting = R"({"id":7,"image":"docker.io/library/a:1","state":"waiting"})";
std::string const done = R"({"id":7,"image":"docker.io/library/a:1","state":"done","objects":5,"objects_done":5,)"
                         R"("bytes":2097152,"bytes_done":2097152,"fetched_objects":1,"fetched_bytes":1048576})";

std::string list(std::string const& jobs) {
    return R"({"jobs":[)" + jobs + "]}";
}

} // namespace

TEST_CASE("images of a running server are warmed, a line each, and one that cannot be keeps the others from nothing") {
    tests::mirror m;
    auto const config = tests::random_bytes(100, 1), layer = tests::random_bytes(100'000, 2);
    m.put_blob("library/a", config);
    m.put_blob("library/a", layer);
    m.put_manifest("library/a", "1", tests::image_manifest({config, layer}));
    m.start();
    auto const admin = "http://127.0.0.1:" + std::to_string(m.server->admin_port());
    auto const r = warm(admin, {"b:1", "a:1", "quay.io/x"});
    CHECK(r.code == 1);
    CHECK(r.out.starts_with("warmed docker.io/library/a:1: 3 objects, 98."));
    CHECK(r.out.ends_with(" of it were downloaded\n"));
    CHECK(r.err == "layerd warm: quay.io/x: quay.io/x: registry 'quay.io' is not configured as an upstream\n"
                   "layerd warm: b:1: no manifest '1' at upstream\n");
    auto const again = warm(admin, {"a:1"});
    CHECK(again.code == 0);
    CHECK(again.out.ends_with("; all of it was here\n"));
}

TEST_CASE("a bar shows on a terminal how far it is, and is wiped away") {
    tests::scripted_origin server;
    server.on("POST", "/api/v1/warm").reply(200, {}, list(waiting));
    server.on("GET", "/api/v1/warm")
        .reply(200, {},
               list(R"({"id":7,"image":"docker.io/library/a:1","state":"running","objects":4,"objects_done":2,)"
                    R"("bytes":2097152,"bytes_done":1048576})"))
        .reply(200, {}, list(done));
    auto const r = warm(server.url(), {"a:1"}, true, {"linux/arm64"});
    CHECK(r.code == 0);
    CHECK(r.out ==
          "\r\x1b[K[###############...............] 2/4 objects, 1.0 MiB of 2.0 MiB  docker.io/library/a:1"
          "\r\x1b[Kwarmed docker.io/library/a:1: 5 objects, 2.0 MiB; 1 object, 1.0 MiB of it were downloaded\n");
    CHECK(server.requests().at(0).body == R"({"image":"a:1","platforms":["linux/arm64"]})");
}

TEST_CASE("a job that the server has forgotten is an error") {
    tests::scripted_origin server;
    server.on("POST", "/api/v1/warm").reply(200, {}, list(waiting));
    server.on("GET", "/api/v1/warm").reply(200, {}, list("")).reply(200, {}, "<html>");
    auto const r = warm(server.url(), {"a:1"});
    CHECK(r.code == 1);
    CHECK(r.err == "layerd warm: a:1: the server knows nothing of it any more: was it restarted?\n");
    CHECK(warm(server.url(), {"a:1"}).err ==
          "layerd warm: the answer is no list of jobs: is this the admin API of layerd?\n");
}

TEST_CASE("an answer that is not layerd's moves no cursor") {
    tests::scripted_origin server;
    server.on("POST", "/api/v1/warm")
        .reply(200, {}, "<html>")
        .reply(200, {}, "{}")
        .reply(200, {}, list("1"))
        .reply(200, {}, list(waiting));
    server.on("GET", "/api/v1/warm").reply(200, {}, list(R"({"id":7,"state":"failed","error":"\u001b[2J"})"));
    for (int i = 0; i < 3; ++i) {
        auto const r = warm(server.url(), {"a"});
        CHECK(r.code == 1);
        CHECK(r.err.find("is this the admin API of layerd?") != r.err.npos);
    }
    CHECK(warm(server.url(), {"a"}).err == "layerd warm: a: ?[2J\n");
    auto const bad = warm("localhost:5001", {"a"});
    CHECK(bad.code == 2);
    CHECK(bad.err == "layerd warm: --admin must be a URL such as \"http://127.0.0.1:5001\"\n");
}
