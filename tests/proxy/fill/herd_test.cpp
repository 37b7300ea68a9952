// Many clients and one cold layer: one download, every body right, nobody held up by another.
#include "tests/catch.h"
#include "tests/support/mirror.h"
#include "tests/support/test_thread.h"

#include <atomic>

using namespace tests;

namespace {

std::string const repo = "library/alpine";

// Runs `work(i)` for every i below n at once, on threads of their own.
template <class F>
void all_at_once(std::size_t n, F work) {
    std::vector<test_thread> threads;
    for (std::size_t i = 0; i < n; ++i)
        threads.emplace_back([&work, i] { work(i); });
}

std::string blob_path(std::string const& d) {
    return "/v2/" + repo + "/blobs/" + d;
}

} // namespace

TEST_CASE("a hundred clients of one cold layer cost one GET, also when half of them hang up midway") {
    mirror m;
    auto const bytes = random_bytes(8'000'000, 1);
    auto const d = digest_of(bytes);
    auto const flow = gate::closed();
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).hold_body(flow));
    m.start();

    constexpr std::size_t clients = 100;
    std::atomic<std::size_t> right{0}, started{0};
    auto pull = [&](std::size_t i) {
        http_client c(m.server->port());
        c.send_get(blob_path(d));
        c.read_raw_until("\r\n\r\n");
        if (++started == clients)
            flow->open();
        if (i % 2 == 0) {
            c.read_raw_at_least(100'000);
            c.hang_up();
            return;
        }
        auto const raw = c.read_raw_at_least(c.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4 + bytes.size());
        right += raw.substr(raw.find("\r\n\r\n") + 4) == bytes;
    };
    flow->allow(1'000'000);
    all_at_once(clients, pull);
    CHECK(right == clients / 2);
    CHECK(m.origin.count("GET", blob_path(d)) == 1);
    CHECK(m.get(blob_path(d)).body == bytes);
    CHECK(m.origin.count("GET", blob_path(d)) == 1);
}

TEST_CASE("bytes flow to a client while the layer is still coming in") {
    mirror m;
    auto const bytes = random_bytes(2'000'000, 2);
    auto const d = digest_of(bytes);
    auto const flow = gate::closed();
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).hold_body(flow));
    m.start();
    http_client c(m.server->port());
    c.send_get(blob_path(d));
    c.read_raw_until("\r\n\r\n"); // the head, before any byte of the body
    flow->allow(700'000);
    auto const head_size = c.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
    c.read_raw_at_least(head_size + 700'000);
    // One who joins now gets what is there, and a range inside it, at once.
    http_client late(m.server->port());
    late.send_get(blob_path(d));
    late.read_raw_at_least(head_size + 700'000);
    auto const part = m.get(blob_path(d), {{"Range", "bytes=1000-1999"}});
    CHECK(part.status == 206);
    CHECK(part.body == bytes.substr(1000, 1000));
    flow->open();
    auto const whole = c.read_raw_at_least(head_size + bytes.size());
    CHECK(whole.substr(head_size) == bytes);
    CHECK(m.origin.count("GET", blob_path(d)) == 1);
}

TEST_CASE("a fill goes on when its first client leaves") {
    mirror m;
    auto const bytes = random_bytes(1'000'000, 3);
    auto const d = digest_of(bytes);
    auto const flow = gate::closed();
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).hold_body(flow));
    m.start();
    {
        http_client first(m.server->port());
        first.send_get(blob_path(d));
        flow->allow(100'000);
        first.read_raw_at_least(100'000);
        first.hang_up();
    }
    http_client second(m.server->port());
    second.send_get(blob_path(d));
    second.read_raw_until("\r\n\r\n");
    flow->open();
    auto const head_size = second.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
    CHECK(second.read_raw_at_least(head_size + bytes.size()).substr(head_size) == bytes);
    CHECK(m.origin.count("GET", blob_path(d)) == 1);
}

TEST_CASE("one layer asked cold through two repositories is one GET and one question") {
    mirror m;
    auto const bytes = random_bytes(500'000, 4);
    auto const d = digest_of(bytes);
    auto const flow = gate::closed();
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).hold_body(flow));
    m.put_blob("library/debian", bytes);
    m.start();
    http_client first(m.server->port());
    first.send_get(blob_path(d));
    first.read_raw_until("\r\n\r\n");
    http_client second(m.server->port());
    second.send_get("/v2/library/debian/blobs/" + d);
    second.read_raw_until("layerd; fwd=miss; collapsed");
    flow->open();
    auto const head_size = second.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
    CHECK(second.read_raw_at_least(head_size + bytes.size()).substr(head_size) == bytes);
    CHECK(m.origin.count("GET", "/v2/library/debian/blobs/" + d) == 0);
}

TEST_CASE("a client without a right to it cannot join a running fill") {
    mirror m;
    auto const bytes = random_bytes(500'000, 5);
    auto const d = digest_of(bytes);
    auto const flow = gate::closed();
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).hold_body(flow));
    m.start();
    http_client first(m.server->port());
    first.send_get(blob_path(d));
    first.read_raw_until("\r\n\r\n");
    CHECK(m.get("/v2/library/other/blobs/" + d).status == 404);
    flow->open();
    first.read_raw_at_least(500'000);
}
