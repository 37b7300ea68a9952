#include "proxy/http/watchdog.h"
#include "tests/catch.h"
#include "tests/support/run_io.h"

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

TEST_CASE("a request that goes on and on ends in its time, and one that is over has none") {
    connection c;
    std::vector<limit> met;
    auto const sweep = [&](seconds after) {
        c.entry.expire_after(limit::write_timeout, seconds(2), start + after - seconds(1)); // it moves
        c.dog.sweep(start + after, [&](limit l) { met.push_back(l); });
    };
    c.entry.begin_request(start + seconds(5));
    sweep(seconds(4));
    c.entry.end_request();
    sweep(seconds(6));
    c.entry.begin_request(start + seconds(10));
    sweep(seconds(9));
    CHECK(c.read() == "nothing yet");
    sweep(seconds(10));
    CHECK(c.read() == "end");
    CHECK(met == std::vector{limit::request_timeout});
}

TEST_CASE("a late connection ends, and the limit that it met is told once") {
    connection c;
    std::vector<limit> met;
    auto const sweep = [&](seconds after) { c.dog.sweep(start + after, [&](limit l) { met.push_back(l); }); };
    c.entry.expire_after(limit::idle_timeout, seconds(1), start);
    c.entry.expire_after(limit::header_timeout, seconds(3), start);
    sweep(seconds(2));
    CHECK(met.empty());
    CHECK(c.read() == "nothing yet");
    sweep(seconds(3));
    CHECK(c.read() == "end");
    sweep(seconds(4));
    c.entry.expire_after(limit::write_timeout, seconds(1), start); // its coroutine has not seen the end yet
    sweep(seconds(5));
    CHECK(met == std::vector{limit::header_timeout});
}

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

TEST_CASE("who holds a place for too long is late once somebody wants it") {
    connection c;
    worker home(0);
    auto const queue = std::make_shared<fair_queue>(1);
    std::vector<limit> met;
    auto const sweep = [&](seconds after) { c.dog.sweep(start + after, [&](limit l) { met.push_back(l); }); };
    auto const enter = [&](std::string const& client) {
        return queue->enter(home, client, deadline::after(seconds(60)));
    };
    auto const held = tests::run_io(home, [&] { return enter("slow"); });
    c.entry.give_way(queue.get(), start + seconds(10));
    sweep(seconds(20));
    CHECK(met.empty());
    std::optional<fair_queue::place> got;
    net::co_spawn(home.executor(), enter("other"), [&](std::exception_ptr, auto place) { got = std::move(place); });
    home.context().restart();
    home.context().poll();
    REQUIRE(queue->waiting() == 1);
    sweep(seconds(9));
    c.entry.give_way(nullptr, {});
    sweep(seconds(20));
    CHECK(met.empty());
    CHECK(c.read() == "nothing yet");
    c.entry.give_way(queue.get(), start + seconds(10));
    sweep(seconds(10));
    CHECK(met == std::vector{limit::write_timeout});
    CHECK(c.read() == "end");
}
