// A blocking HTTP client for tests, one connection per object. Waiting for an answer is bounded: a server that hangs
// fails the test instead of stopping it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/fields.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tests {

struct http_answer {
    unsigned status = 0;
    boost::beast::http::fields fields;
    std::string body;
    bool complete = false;                           // the body reached its announced end
    std::chrono::steady_clock::time_point head_at{}; // when it had come

    std::string header(std::string const& name) const { return std::string(fields[name]); }
    std::vector<std::string> headers(std::string const& name) const; // of every field of that name, in order
};

class http_client {
public:
    using headers = std::vector<std::pair<std::string, std::string>>;

    explicit http_client(std::uint16_t port) : http_client(port, "127.0.0.1") {}
    http_client(std::uint16_t port, char const* from); // an address of the loopback: another client

    http_answer get(std::string const& target, headers h = {}) { return request("GET", target, std::move(h)); }
    http_answer head(std::string const& target, headers h = {}) { return request("HEAD", target, std::move(h)); }
    http_answer request(std::string const& method, std::string const& target, headers h = {},
                        std::string const& body = {});
    // The body of unknown length, in chunks of `piece` bytes.
    http_answer request_in_chunks(std::string const& method, std::string const& target, headers h,
                                  std::string const& body, std::size_t piece = 1000);

    // In steps: the request; its head; at least `n` bytes of the body in all (or what came before the end).
    void send_get(std::string const& target);
    std::string read_raw_until(std::string const& text); // everything received so far, once `text` is in it
    std::string read_raw_at_least(std::size_t n);
    void send_raw(std::string const& text);
    std::string read_raw_to_end();                       // until the server closes
    bool answers_within(std::chrono::milliseconds wait); // or ends the connection; nothing is read
    void hang_up();
    void reset(); // with a TCP reset, as a program that crashes

private:
    http_answer read_answer(std::string const& method, std::string const& target);
    bool read_more();
    template <class Start>
    boost::system::error_code write(Start start); // bounded

    boost::asio::io_context context_;
    boost::asio::ip::tcp::socket socket_;
    boost::beast::flat_buffer buffer_;
    std::string raw_;
};

// One request on a connection of its own.
http_answer http_get(std::uint16_t port, std::string const& target, http_client::headers h = {});

} // namespace tests
