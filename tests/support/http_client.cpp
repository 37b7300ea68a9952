#include "tests/support/http_client.h"

#include "tests/support/bounded.h"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <stdexcept>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace tests {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;

http_client::http_client(std::uint16_t port, char const* from) : socket_(context_) {
    socket_.open(tcp::v4());
    int const later = 1; // connect() picks the port: one bound before is of no other connection, wherever that goes
    ::setsockopt(socket_.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &later, sizeof later);
    socket_.bind({boost::asio::ip::make_address(from), 0});
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
}

namespace {

http::request<http::string_body> request_head(std::string const& method, std::string const& target,
                                              http_client::headers const& h) {
    http::request<http::string_body> r;
    r.method_string(method);
    r.target(target);
    r.version(11);
    r.set(http::field::host, "localhost");
    for (auto const& [name, value] : h)
        r.insert(name, value);
    return r;
}

} // namespace

std::vector<std::string> http_answer::headers(std::string const& name) const {
    std::vector<std::string> out;
    auto const [first, last] = fields.equal_range(name);
    for (auto at = first; at != last; ++at)
        out.emplace_back(at->value());
    return out;
}

template <class Start>
boost::system::error_code http_client::write(Start start) {
    return bounded(context_, start, [this] { hang_up(); });
}

// A server may answer and close before it took the whole body, so failing to write is no failure yet.
http_answer http_client::request(std::string const& method, std::string const& target, headers h,
                                 std::string const& body) {
    auto r = request_head(method, target, h);
    r.body() = body;
    r.prepare_payload();
    write([&](auto done) { http::async_write(socket_, r, done); });
    return read_answer(method, target);
}

http_answer http_client::request_in_chunks(std::string const& method, std::string const& target, headers h,
                                           std::string const& body, std::size_t piece) {
    auto r = request_head(method, target, h);
    r.chunked(true);
    http::request_serializer<http::string_body> head(r);
    auto ec = write([&](auto done) { http::async_write_header(socket_, head, done); });
    for (std::size_t at = 0; at < body.size() && !ec; at += piece) {
        auto const bytes = boost::asio::buffer(body.data() + at, std::min(piece, body.size() - at));
        ec = write([&](auto done) { boost::asio::async_write(socket_, http::make_chunk(bytes), done); });
    }
    if (!ec)
        write([&](auto done) { boost::asio::async_write(socket_, http::make_chunk_last(), done); });
    return read_answer(method, target);
}

http_answer http_client::read_answer(std::string const& method, std::string const& target) {
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    if (method == "HEAD")
        parser.skip(true);
    boost::system::error_code ec;
    ec = bounded(
        context_, [&](auto done) { http::async_read_header(socket_, buffer_, parser, done); }, [this] { hang_up(); });
    if (ec)
        throw std::runtime_error("no answer to " + method + " " + target + ": " + ec.message());
    auto const head_at = std::chrono::steady_clock::now();
    ec = bounded(
        context_, [&](auto done) { http::async_read(socket_, buffer_, parser, done); }, [this] { hang_up(); });
    http_answer a;
    a.complete = !ec;
    a.head_at = head_at;
    a.status = parser.get().result_int();
    a.body = std::move(parser.get().body());
    a.fields = parser.get().base();
    return a;
}

void http_client::send_raw(std::string const& text) {
    auto const ec = write([&](auto done) { boost::asio::async_write(socket_, boost::asio::buffer(text), done); });
    if (ec)
        throw boost::system::system_error(ec, "write");
}

void http_client::send_get(std::string const& target) {
    send_raw("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

std::string http_client::read_raw_until(std::string const& text) {
    while (raw_.find(text) == std::string::npos)
        read_raw_at_least(raw_.size() + 1);
    return raw_;
}

// False at the end of the connection.
bool http_client::read_more() {
    char piece[65536];
    std::size_t got = 0;
    auto const ec = bounded(
        context_,
        [&](auto done) {
            socket_.async_read_some(boost::asio::buffer(piece), [&got, done](auto e, std::size_t n) mutable {
                got = n;
                done(e);
            });
        },
        [this] { hang_up(); });
    raw_.append(piece, got);
    return !ec;
}

std::string http_client::read_raw_at_least(std::size_t n) {
    while (raw_.size() < n && read_more()) {
    }
    if (raw_.size() < n)
        throw std::runtime_error("the connection ended after " + std::to_string(raw_.size()) + " bytes");
    return raw_;
}

std::string http_client::read_raw_to_end() {
    while (read_more()) {
    }
    return raw_;
}

bool http_client::answers_within(std::chrono::milliseconds wait) {
    pollfd readable{socket_.native_handle(), POLLIN, 0};
    return ::poll(&readable, 1, static_cast<int>(wait.count())) > 0;
}

void http_client::hang_up() {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void http_client::reset() {
    socket_.set_option(boost::asio::socket_base::linger(true, 0));
    socket_.close();
}

http_answer http_get(std::uint16_t port, std::string const& target, http_client::headers h) {
    return http_client(port).get(target, std::move(h));
}

} // namespace tests
