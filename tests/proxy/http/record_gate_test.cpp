// Records of TLS that come in pieces, or with nothing for us: each is read when it is whole, and nobody else waits.
#include "tests/catch.h"
#include "tests/support/record_client.h"
#include "tests/support/secure_mirror.h"

using namespace tests;

namespace {

struct one_worker : secure_mirror {
    one_worker() {
        settings.server.threads = 1;
        start();
    }
    record_client client(std::size_t pieces = 0) {
        return record_client(server->port(), files.authority.ca_file(), pieces);
    }
};

std::string request(std::string const& more = {}) {
    return "GET /v2/ HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
}

bool is_served(record_client& c) {
    return c.read_until("{}").starts_with("HTTP/1.1 200");
}

} // namespace

TEST_CASE("a record is read when all of it is there, whatever came before it, and holds up nobody") {
    one_worker m;
    auto const first = GENERATE(std::size_t{1}, std::size_t{4}, std::size_t{5}, std::size_t{6}, std::size_t{20});
    auto const before = GENERATE(0, 1, 3);
    auto slow = m.client();
    std::string bytes;
    for (int i = 0; i < before; ++i)
        bytes += slow.key_update();
    auto const record = slow.seal(request());
    slow.send(bytes + record.substr(0, first));
    auto other = m.client();
    other.send(other.seal(request()));
    CHECK(is_served(other));
    slow.send(record.substr(first));
    CHECK(is_served(slow));
    slow.send(slow.seal(request()));
    CHECK(is_served(slow));
}

TEST_CASE("a greeting and a request may come byte by byte, and several records at once") {
    one_worker m;
    auto c = m.client(7);
    for (char const byte : c.seal(request()))
        c.send({&byte, 1});
    CHECK(is_served(c));
    auto const text = request("X-Long: " + std::string(6000, 'x') + "\r\n");
    std::string bytes;
    for (auto const& part : {text.substr(0, 10), text.substr(10, 5000), text.substr(5010)})
        bytes += c.seal(part);
    c.send(bytes.substr(0, 3000));
    c.send(bytes.substr(3000));
    CHECK(is_served(c));
}

TEST_CASE("a client that sends records with nothing in them without end is let go") {
    one_worker m;
    auto c = m.client();
    std::string bytes;
    for (int i = 0; i < 200; ++i)
        bytes += c.key_update();
    bytes += c.seal(request());
    c.send(bytes);
    CHECK_FALSE(is_served(c));
    auto other = m.client();
    other.send(other.seal(request()));
    CHECK(is_served(other));
}

TEST_CASE("what ends within a record ends the connection") {
    one_worker m;
    auto c = m.client();
    c.send(c.seal(request()).substr(0, 30));
    c.end();
    CHECK(c.read_until("{}").empty());
}

TEST_CASE("urgent data within a record is a part of it") {
    one_worker m;
    auto c = m.client();
    auto const record = c.seal(request());
    c.send(record.substr(0, 9));
    c.send_urgent(record[9]);
    c.send(record.substr(10));
    CHECK(is_served(c));
}
