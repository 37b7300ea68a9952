#include "proxy/http/watchdog.h"
#include "tests/catch.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <string>
#include <string_view>

using namespace proxy;

namespace {

// A connection in the watchdog's list, and its other end.
struct connection {
    connection() {
        tcp_acceptor acceptor(context, {net::ip::address_v4::loopback(), 0});
        client.connect(acceptor.local_endpoint());
        acceptor.accept(server);
    }
    void send(std::string_view text) { net::write(client, net::buffer(text)); }

    // What the server reads without waiting: bytes, "end", or "nothing yet".
    std::string read() {
        server.non_blocking(true);
        std::array<char, 64> bytes{};
        error_code ec;
        auto const n = server.read_some(net::buffer(bytes), ec);
        if (ec == net::error::would_block)
            return "nothing yet";
        return ec ? "end" : std::string(bytes.data(), n);
    }

    net::io_context context;
    tcp_socket client{context}, server{context};
    watchdog dog;
    watchdog::entry entry{dog, server};
};

constexpr steady_clock::time_point start{std::chrono::hours(1)};

} // namespace

TEST_CASE("a stop ends a connection from when it counts as idle") {
    connection c;
    c.dog.close_idle(start);
    CHECK(c.read() == "nothing yet"); // busy
    c.entry.set_idle(start + seconds(1));
    c.dog.close_idle(start);
    CHECK(c.read() == "nothing yet");
    c.entry.set_busy();
    c.dog.close_idle(start + seconds(2));
    CHECK(c.read() == "nothing yet");
    c.entry.set_idle(start + seconds(1));
    c.dog.close_idle(start + seconds(1));
    CHECK(c.read() == "end");
}

TEST_CASE("a request that came just before a stop can still be read and answered") {
    connection c;
    c.send("GET");
    c.server.wait(tcp_socket::wait_read);
    c.entry.set_idle(start);
    c.dog.close_idle(start);
    CHECK(c.read() == "GET");
    CHECK(c.read() == "end");
    net::write(c.server, net::buffer(std::string_view("HTTP/1.1 200")));
    std::array<char, 12> answer{};
    CHECK(c.client.read_some(net::buffer(answer)) == answer.size());
}
