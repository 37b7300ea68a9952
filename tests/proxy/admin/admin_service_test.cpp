// What reaches the admin API as a command, and what is refused before.
#include "proxy/admin/admin_service.h"
#include "tests/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/mirror.h"

using namespace tests;

namespace {

constexpr auto limit = proxy::admin_service::max_body;

} // namespace

TEST_CASE("a command that does not exist is refused, its body is read, and the connection goes on") {
    mirror m;
    m.start();
    http_client c(m.server->admin_port());
    for (auto const size : {std::size_t{0}, std::size_t{10}, limit}) {
        auto const a = c.request("POST", "/api/v1/stats", {}, std::string(size, 'x'));
        CHECK(a.status == 405);
        CHECK(a.header("Allow") == "GET, HEAD");
    }
    CHECK(c.get("/healthz").status == 200);
}

TEST_CASE("a command with too large a body is 413, also one in chunks") {
    mirror m;
    m.start();
    auto const large = http_client(m.server->admin_port()).request("POST", "/", {}, std::string(limit + 1, 'x'));
    CHECK(large.status == 413);
    CHECK(large.body == "{\"error\":\"the body is larger than 65536 bytes\"}\n");
    http_client c(m.server->admin_port());
    c.send_raw("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n" +
               std::string(limit + 1, 'x') + "\r\n0\r\n\r\n");
    CHECK(c.read_raw_to_end().starts_with("HTTP/1.1 413 "));
}

TEST_CASE("a command from a web page is refused") {
    mirror m;
    m.start();
    http_client c(m.server->admin_port());
    CHECK(c.request("POST", "/", {{"Origin", "http://elsewhere.example"}}, "{}").status == 403);
    CHECK(c.request("POST", "/", {{"Origin", "null"}}, "{}").status == 403);
    CHECK(c.get("/healthz", {{"Origin", "http://elsewhere.example"}}).status == 200);
}

TEST_CASE("a page is ours where its origin is this host, under a name that nobody else can have") {
    using proxy::is_own_page;
    CHECK(is_own_page("http://127.0.0.1:5001", "127.0.0.1:5001"));
    CHECK(is_own_page("http://[::1]:5001", "[::1]:5001"));
    CHECK(is_own_page("https://localhost:5001", "localhost:5001"));
    CHECK_FALSE(is_own_page("http://127.0.0.1:5002", "127.0.0.1:5001"));
    CHECK_FALSE(is_own_page("http://127.0.0.1", "127.0.0.1:5001"));
    CHECK_FALSE(is_own_page("http://rebound.example:5001", "rebound.example:5001"));
    CHECK_FALSE(is_own_page("http://127.0.0.1.example:5001", "127.0.0.1.example:5001"));
    CHECK_FALSE(is_own_page("http://user@127.0.0.1:5001", "127.0.0.1:5001"));
    CHECK_FALSE(is_own_page("file://127.0.0.1:5001", "127.0.0.1:5001"));
    for (auto const* origin : {"null", "127.0.0.1:5001", "", "http://", "\xff"})
        CHECK_FALSE(is_own_page(origin, "127.0.0.1:5001"));
}

TEST_CASE("the operator's page and all that it loads are there, and may load nothing else") {
    mirror m;
    m.start();
    http_client c(m.server->admin_port());
    for (auto const& [path, type] : {std::pair{"/", "text/html; charset=utf-8"},
                                     {"/dashboard.js", "text/javascript; charset=utf-8"},
                                     {"/dashboard.css", "text/css; charset=utf-8"},
                                     {"/uPlot.iife.min.js", "text/javascript; charset=utf-8"},
                                     {"/uPlot.min.css", "text/css; charset=utf-8"}}) {
        INFO(path);
        auto const a = c.get(path);
        CHECK(a.status == 200);
        CHECK(a.header("Content-Type") == type);
        CHECK(a.header("Content-Security-Policy").find("default-src 'none'") == 0);
        CHECK(a.body.size() > 500);
    }
    CHECK(c.get("/dashboard").status == 404);
}

TEST_CASE("what needs no login is shown to this machine by no name that somebody else may own") {
    mirror m;
    m.start();
    auto const status = [&](std::string const& target, std::string const& host) {
        http_client c(m.server->admin_port());
        c.send_raw("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
        return c.read_raw_to_end().substr(9, 3);
    };
    for (auto const* target : {"/", "/metrics", "/api/v1/images", "/api/v1/events"})
        CHECK(status(target, "rebound.example:5001") == "403");
    CHECK(status("/healthz", "rebound.example:5001") == "200");
    for (auto const* host : {"localhost", "localhost:5001", "127.0.0.1:5001", "[::1]:5001", "192.0.2.1"})
        CHECK(status("/metrics", host) == "200");
}

TEST_CASE("web pages read from the registry what anybody may, and change nothing") {
    mirror m;
    m.start();
    http_client c(m.server->port());
    http_client::headers const page{{"Origin", "http://pages.example"}};
    CHECK(c.get("/v2/", page).status == 200);
    CHECK(c.request("POST", "/v2/local/app/blobs/uploads/?digest=" + digest_of("x"), page, "x").status == 403);
    CHECK(c.request("PUT", "/v2/local/app/manifests/1", page, "{}").status == 403);
    CHECK(c.request("DELETE", "/v2/local/app/manifests/1", page).status == 403);
    CHECK(c.request("POST", "/v2/local/app/blobs/uploads/?digest=" + digest_of("x"), {}, "x").status == 201);
}

TEST_CASE("operators are bounded by themselves, and take no connection of the clients'") {
    mirror m;
    m.settings.server.max_connections = 20;
    m.start();
    std::vector<std::unique_ptr<http_client>> operators;
    for (int i = 0; i < 100; ++i) {
        operators.push_back(std::make_unique<http_client>(m.server->admin_port()));
        CHECK(operators.back()->get("/healthz").status == 200);
    }
    CHECK(m.get("/v2/").status == 200);
    while (operators.size() < 200)
        operators.push_back(std::make_unique<http_client>(m.server->admin_port()));
    CHECK(operators.back()->get("/healthz").status == 503);
}

TEST_CASE("who listens is told what happens, and a stop does not wait for him") {
    mirror m;
    m.start();
    http_client c(m.server->admin_port());
    c.send_raw("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    c.read_raw_until("Content-Type: text/event-stream\r\n");
    c.read_raw_until("data: {\"stats\":{\"version\":");
    c.read_raw_until("\"problems\":[");
    m.server->stop();
    CHECK(c.read_raw_to_end().ends_with("0\r\n\r\n"));
}

TEST_CASE("so many pages listen at once, and one that goes makes room for another") {
    mirror m;
    m.start();
    std::vector<std::unique_ptr<http_client>> pages;
    auto const listen = [&] {
        pages.push_back(std::make_unique<http_client>(m.server->admin_port()));
        pages.back()->send_get("/api/v1/events");
        bool const is_heard = pages.back()->read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 200");
        if (!is_heard)
            pages.pop_back();
        return is_heard;
    };
    for (int i = 0; i < proxy::admin_service::max_watchers; ++i)
        CHECK(listen());
    CHECK_FALSE(listen());
    pages.erase(pages.begin());
    CHECK(eventually(listen));
    CHECK(http_get(m.server->admin_port(), "/healthz").status == 200);
    CHECK(m.stats().find("\"watchers\":0") == std::string::npos);
}

TEST_CASE("a client that waits to be asked for the body of its command is asked") {
    mirror m;
    m.start();
    http_client c(m.server->admin_port());
    c.send_raw("POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    c.read_raw_until("HTTP/1.1 100 Continue\r\n\r\n");
    c.send_raw("hello");
    c.read_raw_until("HTTP/1.1 405 ");
}
