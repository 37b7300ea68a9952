// Bodies and lists take turns, of which one client has a quarter: four that hold theirs back keep a fifth waiting, but
// for a minute. Then it is told to come back, and why is counted.
#include "tests/catch.h"
#include "tests/support/gate.h"
#include "tests/support/mirror.h"
#include "tests/support/test_thread.h"

#include <algorithm>
#include <atomic>

using namespace tests;

namespace {

std::array const holders{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"};

std::string promise(std::string const& method, std::string const& target) {
    return method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 400000\r\n" +
           "Expect: 100-continue\r\n\r\n";
}

// `each` of the holders' requests are under way.
std::vector<std::unique_ptr<http_client>> hold(mirror const& m, std::size_t each, std::string const& head) {
    std::vector<std::unique_ptr<http_client>> held;
    for (auto const* from : holders)
        for (std::size_t n = 0; n < each; ++n) {
            held.push_back(std::make_unique<http_client>(m.server->port(), from));
            held.back()->send_raw(head);
            held.back()->read_raw_until("100 Continue");
        }
    return held;
}

void check_told_to_come_back(mirror const& m, std::string const& answer, std::string const& limit = "bodies") {
    CHECK(answer.starts_with("HTTP/1.1 503"));
    CHECK(answer.find("Retry-After:") != answer.npos);
    CHECK(m.refused(limit) == 1);
    CHECK(m.get("/v2/").status == 200);
}

// The holders have `each` places of the same kind of push, and those are all.
void check_fifth_waits(mirror const& m, std::size_t each, std::string const& push) {
    auto const held = hold(m, each, push);
    http_client fifth(m.server->port());
    fifth.send_raw(push);
    check_told_to_come_back(m, fifth.read_raw_until("\r\n\r\n"));
}

// Answers to the holders, a quarter to each, who read no more than their heads.
std::vector<std::unique_ptr<http_client>> leave_unread(mirror const& m, std::vector<std::string> const& paths) {
    std::vector<std::unique_ptr<http_client>> slow;
    for (std::size_t n = 0; n < paths.size(); ++n) {
        slow.push_back(std::make_unique<http_client>(m.server->port(), holders[n * holders.size() / paths.size()]));
        slow.back()->send_get(paths[n]);
        slow.back()->read_raw_until("\r\n\r\n");
    }
    return slow;
}

} // namespace

TEST_CASE("who has no turn for the body of a push within a minute is told to come back", "[long]") {
    mirror m;
    m.settings.server.max_bodies = 16;
    m.start();
    check_fifth_waits(m, 4, promise("POST", "/v2/local/app/blobs/uploads/?digest=" + digest_of("x")));
}

TEST_CASE("eight large manifests are taken in at a time", "[long]") {
    mirror m;
    m.start();
    check_fifth_waits(m, 2, promise("PUT", "/v2/local/app/manifests/1"));
}

TEST_CASE("sixteen large manifests are fetched at a time", "[long]") {
    mirror m;
    m.settings.upstreams[0].idle_timeout = m.settings.upstreams[0].first_byte_timeout = std::chrono::minutes(5);
    auto const flow = gate::closed();
    std::vector<std::string> paths;
    for (unsigned n = 0; n <= 16; ++n) {
        auto const large =
            R"({"schemaVersion":2,"n":)" + std::to_string(n) + R"(,"x":")" + std::string(300'000, 'x') + "\"}";
        paths.push_back("/v2/library/app/manifests/" + digest_of(large));
        auto answer = reply(200).header("Content-Type", "application/vnd.x+json").body(large);
        m.origin.on("GET", paths.back()).reply(answer.hold_body(flow));
    }
    m.start();
    std::vector<std::string> answers(paths.size());
    std::atomic<unsigned> answered = 0;
    {
        std::vector<test_thread> clients;
        for (unsigned n = 0; n <= 16; ++n)
            clients.emplace_back([&, n] {
                counted_end const told(answered);
                http_client c(m.server->port(), n < 16 ? holders[n / 4] : "127.0.0.1");
                c.send_get(paths[n]);
                answers[n] = c.read_raw_until("\r\n\r\n");
            });
        answered.wait(0); // for the one whose head came from upstream when all places were taken: any of them
        flow->open();
    }
    auto const refusal = std::ranges::find_if(answers, [](auto const& a) { return a.starts_with("HTTP/1.1 503"); });
    REQUIRE(refusal != answers.end());
    check_told_to_come_back(m, *refusal);
    CHECK(std::ranges::count_if(answers, [](auto const& a) { return a.starts_with("HTTP/1.1 200"); }) == 16);
}

TEST_CASE("thirty-two lists are made or sent at a time", "[long]") {
    mirror m;
    m.settings.upstreams[0].idle_timeout = m.settings.upstreams[0].first_byte_timeout = std::chrono::minutes(5);
    auto const flow = gate::closed();
    auto const at = [](std::size_t n) { return "/v2/library/a" + std::to_string(n) + "/tags/list"; };
    for (std::size_t n = 0; n <= 32; ++n)
        m.origin.on("GET", at(n)).reply(reply(200).body(R"({"name":"x","tags":[]})").hold_body(flow));
    m.start();
    std::vector<std::unique_ptr<http_client>> held;
    for (std::size_t n = 0; n < 32; ++n) {
        held.push_back(std::make_unique<http_client>(m.server->port(), holders[n / 8]));
        held.back()->send_get(at(n));
        REQUIRE(m.origin.wait_for(at(n), 1));
    }
    http_client fifth(m.server->port());
    fifth.send_get(at(32));
    check_told_to_come_back(m, fifth.read_raw_until("\r\n\r\n"), "lists");
    CHECK(m.get("/v2/_catalog").status == 200); // has turns of its own
    flow->open();
    for (auto const& c : held)
        CHECK(c->read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST_CASE("who does not take his list makes room when others wait for theirs", "[long]") {
    mirror m;
    auto const list = R"({"name":"library/a","tags":["1"]})" + std::string(15'000'000, ' '); // more than sockets hold
    auto const path = std::string("/v2/library/a/tags/list");
    m.origin.on("GET", path).reply(200, {}, list);
    m.start();
    auto const slow = leave_unread(m, std::vector<std::string>(32, path));
    CHECK((m.get(path).body == list));
    CHECK(m.refused("lists") == 0);
    CHECK(m.refused("write_timeout") == 1); // that is enough
}

TEST_CASE("who does not take his large manifest is in nobody's way") {
    mirror m;
    std::vector<std::string> paths;
    std::string last;
    for (unsigned n = 0; n <= 16; ++n) {
        last = R"({"schemaVersion":2,"n":)" + std::to_string(n) + R"(,"x":")" + std::string(4'100'000, 'x') + "\"}";
        paths.push_back("/v2/library/app/manifests/" + digest_of(last));
        m.origin.on("GET", paths.back()).reply(200, {{"Content-Type", "application/vnd.x+json"}}, last);
    }
    m.start();
    auto const of_fifth = paths.back();
    paths.pop_back();
    auto const fetched = leave_unread(m, paths), stored = leave_unread(m, paths);
    CHECK((m.get(of_fifth).body == last));
    CHECK((m.get(of_fifth).body == last));
    CHECK(m.head(of_fifth).header("Content-Length") == std::to_string(last.size()));
    CHECK(m.refused("bodies") == 0);
    CHECK(m.refused("write_timeout") == 0);
}
