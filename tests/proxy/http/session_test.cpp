// What a stranger may send to the port.
#include "tests/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/mirror.h"
#include "tests/support/test_thread.h"

#include <malloc.h>

using namespace tests;

namespace {

std::string raw_exchange(mirror const& m, std::string const& request) {
    http_client c(m.server->port());
    c.send_raw(request);
    return c.read_raw_to_end();
}

bool starts_with(std::string const& text, std::string const& start) {
    return text.rfind(start, 0) == 0;
}

} // namespace

TEST_CASE("the ping says that this is a registry") {
    mirror m;
    m.start();
    for (auto const* target : {"/v2/", "/v2"}) {
        auto const a = m.get(target);
        CHECK(a.status == 200);
        CHECK(a.body == "{}");
        CHECK(a.header("Docker-Distribution-API-Version") == "registry/2.0");
    }
    auto const h = m.head("/v2/");
    CHECK(h.status == 200);
    CHECK(h.header("Content-Length") == "2");
}

TEST_CASE("a target in absolute form is the same request, whatever host it names") {
    mirror m;
    m.put_manifest("library/alpine", "1", image_manifest({"{}"}));
    m.start();
    CHECK(m.get("http://127.0.0.1:5000/v2/").status == 200);
    CHECK(m.get("HTTPS://mirror.example.com/v2/alpine/manifests/1?ns=docker.io").status == 200);
    CHECK(m.get("http://127.0.0.1:5000").status == 404);
    CHECK(m.get("ftp://127.0.0.1/v2/").status == 400);
    for (auto const* of_no_path : {"http://127.0.0.1?/v2/", "http://127.0.0.1#/v2/"})
        CHECK(m.get(of_no_path).status == 400);
    CHECK(http_get(m.server->admin_port(), "http://127.0.0.1:5001/healthz").status == 200);
}

TEST_CASE("a TLS ClientHello on the plain port is answered with 400 at once") {
    mirror m;
    m.start();
    http_client c(m.server->port());
    c.send_raw(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
    CHECK(starts_with(c.read_raw_to_end(), "HTTP/1.1 400 Bad Request\r\n"));
}

TEST_CASE("malformed and ambiguous requests are refused with 400 and the connection ends") {
    mirror m;
    m.start();
    auto const request =
        GENERATE(as<std::string>{}, "NONSENSE\r\n\r\n",
                 "GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 "GET /v2/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
                 "GET /v2/ HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 "GET /v2/ HTTP/1.1\r\nHost: x\r\nbad header line\r\n\r\n", "GET /v2/ HTTP/3.0\r\nHost: x\r\n\r\n");
    INFO(request);
    CHECK(starts_with(raw_exchange(m, request), "HTTP/1.1 400 "));
    CHECK(m.get("/v2/").status == 200);
}

TEST_CASE("a smuggled second request is not answered") {
    mirror m;
    m.start();
    auto const answer =
        raw_exchange(m, "POST /v2/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\n"
                        "GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(answer.find("HTTP/1.1", 1) == std::string::npos);
}

TEST_CASE("an oversized head is refused with 431") {
    mirror m;
    m.start();
    auto const a = raw_exchange(m, "GET /v2/ HTTP/1.1\r\nHost: x\r\nX: " + std::string(40'000, 'a') + "\r\n\r\n");
    CHECK(starts_with(a, "HTTP/1.1 431 "));
}

// Of glibc's malloc: under a sanitizer, which has another, this finds nothing.
TEST_CASE("who waits after a large head keeps none of the room that it took") {
    constexpr std::size_t n = 200;
    auto const in_use = [] {
        auto const all = ::mallinfo2();
        return all.uordblks + all.hblkhd;
    };
    mirror m;
    m.start();
    std::vector<std::unique_ptr<http_client>> clients;
    for (std::size_t i = 0; i < n; ++i) {
        clients.push_back(std::make_unique<http_client>(m.server->port()));
        clients.back()->get("/v2/");
    }
    auto const before = in_use();
    for (auto const& c : clients)
        CHECK(c->get("/v2/", {{"X-Long", std::string(31 * 1024, 'x')}}).status == 200);
    CHECK(eventually([&] { return in_use() < before + n * 16 * 1024; }));
}

TEST_CASE("requests one after another on one connection are all answered, also with a body on a GET") {
    mirror m;
    m.start();
    http_client c(m.server->port());
    CHECK(c.get("/v2/").status == 200);
    CHECK(c.request("GET", "/v2/", {}, "a body that nobody needs").status == 200);
    CHECK(c.request("GET", "/v2/x/manifests/sha256:totallywrong", {}, "body").status == 400);
    CHECK(c.get("/v2/").status == 200);
}

TEST_CASE("pipelined requests are answered in order") {
    mirror m;
    m.start();
    auto const answers = raw_exchange(
        m, "GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    auto const first = answers.find("HTTP/1.1 200");
    auto const second = answers.find("HTTP/1.1 404");
    CHECK(first == 0);
    CHECK(second != std::string::npos);
}

TEST_CASE("a request body that has no end in sight gets its answer, then the end of the connection") {
    mirror m;
    m.start();
    auto const a = raw_exchange(
        m,
        "PATCH /v2/x/blobs/uploads/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    CHECK(starts_with(a, "HTTP/1.1 405 "));
    CHECK(a.find("Connection: close") != std::string::npos);
    CHECK(a.find("UNSUPPORTED") != std::string::npos);
}

TEST_CASE("bad names, digests and methods are clear errors of the protocol") {
    mirror m;
    m.start();
    struct bad {
        std::string method, target;
        unsigned status;
        std::string code;
    };
    auto const b = GENERATE(values<bad>({
        {"GET", "/v2/UPPER/manifests/1", 400, "NAME_INVALID"},
        {"GET", "/v2/a/../b/manifests/1", 400, "NAME_INVALID"},
        {"GET", "/v2/a//b/manifests/1", 400, "NAME_INVALID"},
        {"GET", "/v2/a%00b/manifests/1", 400, "NAME_INVALID"},
        {"GET", "/v2/a/blobs/sha256:123", 400, "DIGEST_INVALID"},
        {"GET", "/v2/a/blobs/md5:d41d8cd98f00b204e9800998ecf8427e", 400, "DIGEST_INVALID"},
        {"GET", "/v2/a/manifests/.INVALID_MANIFEST_NAME", 404, "MANIFEST_UNKNOWN"},
        {"PUT", "/v2/a/manifests/1", 405, "UNSUPPORTED"},
        {"DELETE", "/v2/a/manifests/1", 405, "UNSUPPORTED"},
        {"POST", "/v2/a/blobs/uploads/", 405, "UNSUPPORTED"},
        {"GET", "/etc/passwd", 404, "NAME_UNKNOWN"},
        {"GET", "/", 404, "NAME_UNKNOWN"},
    }));
    INFO(b.method << ' ' << b.target);
    auto const a = http_client(m.server->port()).request(b.method, b.target);
    CHECK(a.status == b.status);
    CHECK(a.body.find('"' + b.code + '"') != std::string::npos);
    CHECK(a.header("Content-Type") == "application/json");
    CHECK_FALSE(a.header("Cache-Status").empty());
    CHECK(m.origin.requests().empty());
}

TEST_CASE("a stop ends idle connections and lets a running answer finish") {
    mirror m;
    auto const bytes = random_bytes(500'000, 1);
    auto const d = digest_of(bytes);
    auto const flow = gate::closed();
    m.origin.on("GET", "/v2/library/a/blobs/" + d).reply(reply(200).body(bytes).hold_body(flow));
    m.start();
    http_client idle(m.server->port());
    idle.get("/v2/");
    http_client busy(m.server->port());
    busy.send_get("/v2/library/a/blobs/" + d);
    auto const head_size = busy.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
    test_thread stopping([&] { m.server->stop(); });
    idle.read_raw_to_end();
    flow->open();
    CHECK(busy.read_raw_at_least(head_size + bytes.size()).substr(head_size) == bytes);
}
