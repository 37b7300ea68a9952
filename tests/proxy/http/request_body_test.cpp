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
    // What the next request would be read from: the buffer, and what the socket has.
    std::string rest() {
        auto const left = buffer.data();
        std::string all(static_cast<char const*>(left.data()), left.size());
        std::array<char, 100> more;
        error_code none;
        return all.append(more.data(), socket.read_some(net::buffer(more), none));
    }

    worker w{0};
    disk_pool disk{1};
    tcp_socket client{w.executor()};
    client_stream stream{tcp_socket(w.executor())};
    tcp_socket& socket = stream.socket();
    beast::flat_buffer buffer;
    request_body::parser head;
    watchdog dog;
    watchdog::entry entry{dog, socket};
    sender out{stream, entry, disk, seconds(60)};
};

} // namespace

TEST_CASE("a body is what came with the head and what follows, to its length and no further") {
    connection c("he");
    c.send("lloGET /next");
    request_body b({body_framing::length, 5}, false, c.head, c.stream, c.buffer, c.out);
    CHECK(*c.read(b, 5) == "hello");
    CHECK(c.drop(b));
    CHECK(c.rest() == "GET /next");
}

TEST_CASE("no body is an empty one") {
    connection c("GET /next");
    request_body b({}, false, c.head, c.stream, c.buffer, c.out);
    CHECK(c.read(b, 0)->empty());
    CHECK(c.drop(b));
    CHECK(c.rest() == "GET /next");
}

TEST_CASE("a body above the limit is refused unread, and can be dropped") {
    connection c("");
    c.send("helloGET /next");
    request_body b({body_framing::length, 5}, false, c.head, c.stream, c.buffer, c.out);
    CHECK(c.read(b, 4).error().status == 413);
    CHECK(c.drop(b));
    CHECK(c.rest() == "GET /next");
}

TEST_CASE("a body that breaks off is an error") {
    connection c("hel");
    c.client.close();
    request_body b({body_framing::length, 5}, false, c.head, c.stream, c.buffer, c.out);
    CHECK(c.read(b, 5).error().status == 400);
    CHECK_FALSE(c.drop(b));
}

namespace {

// As a session leaves it: the head parsed, the rest in the buffer.
struct chunked_connection : connection {
    explicit chunked_connection(std::string const& body) : connection(body) {
        std::string_view const text = "PUT /v2/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        error_code ec;
        head.body_limit(boost::none);
        head.put(net::buffer(text.data(), text.size()), ec);
        REQUIRE(head.is_header_done());
    }
    request_body b{{body_framing::chunked, 0}, false, head, stream, buffer, out};
};

} // namespace

TEST_CASE("a body in chunks is what is in them, and the next request follows") {
    chunked_connection c("5\r\nhel");
    c.send("lo\r\n6;what=ever\r\n world\r\n0\r\nTrailer: x\r\n\r\nGET /next");
    CHECK_FALSE(c.b.left());
    CHECK(*c.read(c.b, 100) == "hello world");
    CHECK(c.b.left() == 0u);
    CHECK(c.drop(c.b));
    CHECK(c.rest() == "GET /next");
}

TEST_CASE("a body in chunks may come byte by byte, an empty one too") {
    for (std::string const text : {"0\r\n\r\n", "00;a=b\r\nT: x\r\n\r\n", "1\r\nx\r\n0\r\n\r\n"}) {
        INFO(text);
        chunked_connection c("");
        auto const body = tests::run_io_all(c.w, 2, [&](std::size_t i) -> task<std::string> {
            if (i == 0) {
                auto all = co_await c.b.read(100);
                co_return all ? *all : "refused";
            }
            for (char const byte : text) {
                c.send(std::string(1, byte));
                for (int turns = 0; turns < 8; ++turns) // the other side reads it before the next comes
                    co_await net::post(c.w.executor(), use_task);
            }
            co_return "";
        });
        CHECK(body.at(0) == (text.starts_with('1') ? "x" : ""));
        CHECK(c.b.left() == 0u);
    }
}

// RFC 9110 §6.5.1. It would also be memory: thirty bytes of it are two hundred here.
TEST_CASE("what stands in a trailer is no field of the request") {
    std::string trailer;
    for (int i = 0; i < 200; ++i)
        trailer += "a:\r\n";
    chunked_connection c("1\r\nx\r\n0\r\nContent-Type: text/html\r\nHost: other\r\n" + trailer + "\r\nGET /next");
    CHECK(*c.read(c.b, 100) == "x");
    CHECK(c.rest() == "GET /next");
    auto const& fields = c.head.get();
    CHECK(std::distance(fields.begin(), fields.end()) == 2);
    CHECK(fields.at("Host") == "x");
    CHECK(fields.count("Host") == 1);
    CHECK(fields.count("Transfer-Encoding") == 1);
    CHECK(fields.count("Content-Type") == 0);
}

TEST_CASE("a body in chunks is bounded too") {
    chunked_connection c("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n");
    CHECK(c.read(c.b, 9).error().status == 413);
}

TEST_CASE("chunks that are none are an error") {
    for (std::string const bad :
         {"x\r\nhello\r\n", "5\r\nhelloo\r\n0\r\n\r\n", "fffffffffffffffff\r\nhello", "-5\r\nhello"}) {
        chunked_connection c(bad);
        c.client.close();
        CHECK(c.read(c.b, 100).error().status == 400);
    }
}

TEST_CASE("a body is read piece by piece into what is offered") {
    connection c("he");
    c.send("llo world");
    request_body b({body_framing::length, 11}, false, c.head, c.stream, c.buffer, c.out);
    std::string all;
    for (;;) {
        std::array<std::byte, 3> piece;
        auto const n = tests::run_io(c.w, [&] { return b.read_some(piece); });
        REQUIRE(n);
        if (*n == 0)
            break;
        CHECK(*n <= 3);
        all.append(reinterpret_cast<char const*>(piece.data()), *n);
    }
    CHECK(all == "hello world");
    CHECK(b.left() == 0u);
}
