#include "proxy/http/request_body.h"

#include "tests/catch.h"
#include "tests/support/run_io.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

using namespace proxy;

namespace {

// A client and a server's end of one connection; `early` came along with the head.
struct connection {
    explicit connection(std::string_view early) {
        tcp_acceptor acceptor(w.executor(), {net::ip::address_v4::loopback(), 0});
        client.connect(acceptor.local_endpoint());
        socket = acceptor.accept();
        socket.non_blocking(true);
        net::buffer_copy(buffer.prepare(early.size()), net::buffer(early.data(), early.size()));
        buffer.commit(early.size());
    }

    void send(std::string const& text) { net::write(client, net::buffer(text)); }
    result<std::string> read(request_body& b, std::size_t limit) {
        return tests::run_io(w, [&] { return b.read(limit); });
    }
    bool drop(request_body& b) {
        return tests::run_io(w, [&] { return b.drop(); });
    }
    std::string rest() const {
        auto const left = buffer.data();
        return {static_cast<char const*>(left.data()), left.size()};
    }

    worker w{0};
    disk_pool disk{1};
    tcp_socket client{w.executor()};
    tcp_socket socket{w.executor()};
    beast::flat_buffer buffer;
    watchdog dog;
    watchdog::entry entry{dog, socket};
    sender out{socket, entry, disk, seconds(60)};
};

} // namespace

TEST_CASE("a body is what came with the head and what follows, to its length and no further") {
    connection c("he");
    c.send("lloGET /next");
    request_body b({body_framing::length, 5}, false, c.socket, c.buffer, c.out);
    CHECK(*c.read(b, 5) == "hello");
    CHECK(c.drop(b));
    CHECK(c.rest() == "GET /next");
}

TEST_CASE("no body is an empty one") {
    connection c("GET /next");
    request_body b({}, false, c.socket, c.buffer, c.out);
    CHECK(c.read(b, 0)->empty());
    CHECK(c.drop(b));
    CHECK(c.rest() == "GET /next");
}

TEST_CASE("a body above the limit is refused unread, and can be dropped") {
    connection c("");
    c.send("helloGET /next");
    request_body b({body_framing::length, 5}, false, c.socket, c.buffer, c.out);
    CHECK(c.read(b, 4).error().status == 413);
    CHECK(c.drop(b));
    CHECK(c.rest() == "GET /next");
}

TEST_CASE("a body that breaks off is an error") {
    connection c("hel");
    c.client.close();
    request_body b({body_framing::length, 5}, false, c.socket, c.buffer, c.out);
    CHECK(c.read(b, 5).error().status == 400);
    CHECK_FALSE(c.drop(b));
}

TEST_CASE("a body in chunks is not read, and ends the connection") {
    connection c("5\r\nhello\r\n0\r\n\r\n");
    request_body b({body_framing::chunked, 0}, false, c.socket, c.buffer, c.out);
    CHECK(c.read(b, 100).error().status == 411);
    CHECK_FALSE(c.drop(b));
}
