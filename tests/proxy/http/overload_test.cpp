// More than there is room for: the answer is 503 with Retry-After, and at once.
#include "tests/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/mirror.h"

#include <algorithm>
#include <string>

using namespace tests;

namespace {

void check_overloaded(std::string const& answer) {
    INFO(answer);
    CHECK(answer.starts_with("HTTP/1.1 503 "));
    CHECK(answer.find("\r\nRetry-After: 1\r\n") != std::string::npos);
    CHECK(answer.find("UNAVAILABLE") != std::string::npos);
}

} // namespace

TEST_CASE("a client's connections beyond its bound are told to come back, and count until they end") {
    mirror m;
    m.settings.server.max_connections_per_client = 2;
    m.start();
    auto first = std::make_unique<http_client>(m.server->port());
    http_client second(m.server->port());
    REQUIRE(first->get("/v2/").status == 200);
    REQUIRE(second.get("/v2/").status == 200);
    {
        http_client third(m.server->port());
        check_overloaded(third.read_raw_to_end());
    }
    CHECK(m.stats().find("\"turned_away\":1") != std::string::npos); // and the operator gets in
    first->hang_up();
    unsigned status = 503;
    for (int i = 0; i < 1000 && status != 200; ++i) // until the server has noticed
        status = http_get(m.server->port(), "/v2/").status;
    CHECK(status == 200);
}

TEST_CASE("of operators, too, one client has so many connections") {
    mirror m;
    m.start();
    std::vector<std::unique_ptr<http_client>> held;
    for (int i = 0; i < 128; ++i) {
        held.push_back(std::make_unique<http_client>(m.server->admin_port()));
        REQUIRE(held.back()->get("/healthz").status == 200);
    }
    CHECK(http_client(m.server->admin_port()).read_raw_to_end().starts_with("HTTP/1.1 503 "));
    CHECK(http_client(m.server->admin_port(), "127.0.0.2").get("/healthz").status == 200);
    auto const metrics = held.front()->get("/metrics").body;
    CHECK(metrics.find("layerd_limit_refusals_total{limit=\"connections\"} 1\n") != metrics.npos);
}

TEST_CASE("a connection beyond all bounds is told so too") {
    mirror m;
    m.settings.server.max_connections = 1;
    m.start();
    http_client first(m.server->port());
    REQUIRE(first.get("/v2/").status == 200);
    http_client second(m.server->port());
    check_overloaded(second.read_raw_to_end());
    auto const stats = m.stats(); // operators get in
    CHECK(stats.find("\"turned_away\":1") != std::string::npos);
    CHECK(stats.find("\"connections\":1", stats.find("refused_by_limit")) != std::string::npos);
}

TEST_CASE("a download more than may run is refused, one that runs is followed") {
    mirror m;
    m.settings.server.max_fills = 1;
    auto const bytes = random_bytes(300'000, 1);
    auto const flow = gate::closed();
    auto const slow = digest_of(bytes);
    m.origin.on("GET", "/v2/library/a/blobs/" + slow).reply(reply(200).body(bytes).hold_body(flow));
    auto const other = m.put_blob("library/a", random_bytes(300'000, 2));
    m.start();
    http_client first(m.server->port()), second(m.server->port());
    first.send_get("/v2/library/a/blobs/" + slow);
    first.read_raw_until("\r\n\r\n");
    auto const refused = m.get("/v2/library/a/blobs/" + other);
    CHECK(refused.status == 503);
    CHECK(refused.header("Retry-After") == "1");
    CHECK(m.stats().find("\"overloaded_requests\":1") != std::string::npos);
    CHECK(m.origin.count("GET", "/v2/library/a/blobs/" + other) == 0);
    second.send_get("/v2/library/a/blobs/" + slow);
    CHECK(second.read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
    flow->open();
    CHECK(first.read_raw_at_least(bytes.size()).ends_with(bytes.substr(bytes.size() - 100)));
    CHECK(second.read_raw_at_least(bytes.size()).ends_with(bytes.substr(bytes.size() - 100)));
    CHECK(m.get("/v2/library/a/blobs/" + slow).body == bytes);
}

TEST_CASE("a bounded client gets its content whole, from files, memory and fills alike") {
    mirror m;
    m.settings.server.bandwidth_per_client = 64 << 20;
    auto const large = random_bytes(3'000'000, 1);
    auto const small = random_bytes(30'000, 2);
    auto const paths = {std::pair{"/v2/library/a/blobs/" + m.put_blob("library/a", large), large},
                        std::pair{"/v2/library/a/blobs/" + m.put_blob("library/a", small), small}};
    m.start();
    for (int round = 0; round < 2; ++round)
        for (auto const& [path, bytes] : paths)
            CHECK(m.get(path).body == bytes);
}

TEST_CASE("a bounded client that leaves, or a stop, ends its waiting") {
    mirror m;
    m.settings.server.bandwidth_per_client = 64 * 1024;
    m.settings.server.drain_timeout = std::chrono::seconds(0);
    auto const bytes = random_bytes(8'000'000, 1); // two minutes of it
    auto const path = "/v2/library/a/blobs/" + m.put_blob("library/a", bytes);
    m.start();
    http_client c(m.server->port());
    c.send_get(path);
    c.read_raw_at_least(1000);
    REQUIRE(eventually([&] { return m.stats().find("\"running_fills\":0") != std::string::npos; }));
    m.server->stop(); // aborts if the answer outlives it
}
