// Clients that read a layer here and there before it has come: one download all the same.
#include "oci/byte_range.h"
#include "tests/catch.h"
#include "tests/support/mirror.h"

#include <boost/json/parse.hpp>

using namespace tests;

namespace {

std::string const repo = "library/alpine";
std::string blob_path(std::string const& d) {
    return "/v2/" + repo + "/blobs/" + d;
}

constexpr std::size_t window = 200'000;

// Of which the first connection brings 100,000 bytes and then waits.
struct slow_layer : mirror {
    std::string bytes = random_bytes(10 * window, 1);
    std::string path = blob_path(digest_of(bytes));
    std::shared_ptr<gate> flow = gate::closed();

    slow_layer() {
        seams.ranges.emplace();
        seams.ranges->window = window;
        flow->allow(100'000);
        origin.on("GET", path).call([this](recorded_request const& r) {
            auto const field = r.header("Range");
            if (field.empty())
                return reply(200).body(bytes).hold_body(flow);
            auto const part = oci::resolve_range(field, bytes.size())->front();
            return reply(206)
                .header("Content-Range", oci::content_range(part, bytes.size()))
                .body(bytes.substr(part.first, part.length()));
        });
    }
    ~slow_layer() { origin.go_down(); } // its threads read what is here
    // A lazy reader: asks for all from there on, takes `n` bytes and hangs up.
    void take(std::size_t from, std::size_t n) const {
        http_client c(server->port());
        c.send_raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nRange: bytes=" + std::to_string(from) + "-\r\n\r\n");
        auto const head_size = c.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
        auto const raw = c.read_raw_at_least(head_size + n);
        CHECK((raw.substr(head_size, n) == bytes.substr(from, n)));
        c.hang_up();
    }
};

} // namespace

TEST_CASE("readers far ahead of a fill get their windows, and the fill takes these in") {
    slow_layer m;
    m.start();
    m.take(0, 1000);
    m.take(5 * window + 7, 1000);
    m.take(5 * window + 50'000, 1000); // the same window: it is there, or on its way
    m.take(8 * window, 200'000);
    m.take(10 * window - 22, 22); // the end, as footers are read
    m.flow->open();
    auto const a = m.get(m.path);
    CHECK(a.complete);
    CHECK((a.body == m.bytes));
    // The first connection is given up at the first of these windows; no byte of the rest is asked for twice.
    std::uint64_t sent = 0;
    for (auto const& r : m.origin.requests(m.path)) {
        auto const field = r.header("Range");
        sent += field.empty() ? 5 * window : oci::resolve_range(field, m.bytes.size())->front().length();
    }
    CHECK(sent == m.bytes.size());
}

TEST_CASE("a range that spans windows beside and the fill comes whole") {
    slow_layer m;
    m.start();
    m.take(0, 1000);
    m.take(5 * window, 1000);
    m.flow->open();
    auto const a = m.get(m.path, {{"Range", "bytes=500000-"}});
    CHECK(a.status == 206);
    CHECK((a.body == m.bytes.substr(500'000)));
}

TEST_CASE("a whole body is never made of bytes that nobody verified") {
    slow_layer m;
    m.start();
    m.take(8 * window, 10);
    http_client c(m.server->port());
    c.send_raw("GET " + m.path + " HTTP/1.1\r\nHost: x\r\nRange: bytes=0-\r\n\r\n");
    auto const head_size = c.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
    c.read_raw_at_least(head_size + 100'000);
    m.flow->open();
    CHECK((c.read_raw_at_least(head_size + m.bytes.size()).substr(head_size) == m.bytes));
}

TEST_CASE("with one connection a reader far ahead waits for the fill") {
    slow_layer m;
    m.settings.upstreams[0].parallel_ranges = 1;
    m.start();
    http_client c(m.server->port());
    c.send_raw("GET " + m.path + " HTTP/1.1\r\nHost: x\r\nRange: bytes=1000000-1000999\r\n\r\n");
    auto const head_size = c.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
    m.flow->open();
    CHECK((c.read_raw_at_least(head_size + 1000).substr(head_size) == m.bytes.substr(1'000'000, 1000)));
    CHECK(m.origin.requests(m.path).size() == 1);
}

TEST_CASE("many readers that hang up early count as no error") {
    slow_layer m;
    m.start();
    for (std::size_t i = 0; i < 50; ++i)
        m.take(i * 2000, 1);
    m.flow->open();
    CHECK((m.get(m.path).body == m.bytes));
    CHECK(m.origin.requests(m.path).size() == 1);
    auto const document = boost::json::parse(m.stats());
    CHECK(document.at_pointer("/requests/blob/error").as_int64() == 0);
    CHECK(document.at_pointer("/upstreams/docker.io/errors").as_int64() == 0);
}
