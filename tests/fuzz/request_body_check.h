// Bodies of requests in chunks: the input is how much of it comes along with the head, how much is read at a time, and
// the bytes behind the head. The body, and where the next request begins, are what RFC 9112 §7.1 says to the letter.
#pragma once

#include "oci/charset.h"
#include "proxy/http/request_body.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"

#include <boost/asio/co_spawn.hpp>

#include <optional>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

namespace fuzz {

struct plain_chunks {
    std::string body;
    std::size_t end = 0;  // where the next request begins
    bool is_plain = true; // no extensions, and fields of the plainest kind in the trailer
};

// The line at `at` without its end; `at` is behind it then.
inline std::optional<std::string_view> take_line(std::string_view text, std::size_t& at) {
    auto const end = text.find("\r\n", at);
    if (end == text.npos)
        return std::nullopt;
    auto const line = text.substr(at, end - at);
    at = end + 2;
    return line;
}

inline std::optional<std::uint64_t> chunk_size(std::string_view line) {
    std::uint64_t size = 0;
    std::size_t digits = 0;
    for (; digits < line.size(); ++digits) {
        auto const value = oci::charset::hex_value[static_cast<unsigned char>(line[digits])];
        if (value > 15)
            break;
        if (size >> 60 != 0)
            return std::nullopt;
        size = size << 4 | value;
    }
    auto const rest = oci::charset::trim(line.substr(digits));
    bool const is_good = digits > 0 && (rest.empty() || rest.starts_with(';'));
    return is_good ? std::optional(size) : std::nullopt;
}

// Nothing if it is malformed or not all there.
inline std::optional<plain_chunks> read_chunks_plainly(std::string_view text) {
    plain_chunks out;
    for (;;) {
        auto const line = take_line(text, out.end);
        auto const size = line ? chunk_size(*line) : std::nullopt;
        if (!size)
            return std::nullopt;
        out.is_plain = out.is_plain && line->size() <= 16 && oci::charset::all(*line, oci::charset::unreserved);
        if (*size == 0)
            break;
        if (*size > text.size() - out.end || text.substr(out.end + *size, 2) != "\r\n")
            return std::nullopt;
        out.body += text.substr(out.end, *size);
        out.end += *size + 2;
    }
    for (;;) { // the trailer
        auto const line = take_line(text, out.end);
        if (!line)
            return std::nullopt;
        if (line->empty())
            return out;
        auto const colon = std::min(line->find(':'), line->size());
        out.is_plain = out.is_plain && colon > 0 && colon < line->size() && line->size() < 1000 && out.end < 8192 &&
                       oci::charset::all(line->substr(0, colon), oci::charset::unreserved) &&
                       oci::charset::all(line->substr(colon + 1), oci::charset::unreserved);
    }
}

// The server's end of a connection whose client has sent all it will.
class sent_request {
public:
    sent_request(std::string_view early, std::string_view late) {
        int ends[2];
        expect(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "a pair of sockets");
        stream_.socket().assign(proxy::tcp::v4(), ends[0]);
        stream_.socket().non_blocking(true);
        auto const sent = ::send(ends[1], late.data(), late.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        ::close(ends[1]);
        expect(sent == static_cast<ssize_t>(late.size()), "a pair of sockets holds the input");
        boost::asio::buffer_copy(buffer_.prepare(early.size()), boost::asio::buffer(early.data(), early.size()));
        buffer_.commit(early.size());
        constexpr std::string_view head = "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        proxy::error_code ec;
        parser_.header_limit(32 * 1024);
        parser_.body_limit(boost::none);
        parser_.put(boost::asio::buffer(head.data(), head.size()), ec);
        expect(parser_.is_header_done(), "a head is read");
    }

    // All of the body, so many bytes at a time; nothing if it is refused.
    std::optional<std::string> read(std::size_t piece) {
        std::optional<std::string> out;
        std::exception_ptr failure;
        proxy::net::co_spawn(
            context_, [&]() -> proxy::task<void> { out = co_await read_pieces(piece); },
            [&](std::exception_ptr e) { failure = e; });
        context_.run();
        if (failure)
            std::rethrow_exception(failure);
        return out;
    }

    // Bytes that nobody has read: what the next request would be read from.
    std::size_t unread() {
        std::string late(1 << 17, '\0');
        auto const n = ::recv(stream_.socket().native_handle(), late.data(), late.size(), MSG_DONTWAIT);
        return buffer_.size() + static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    }

private:
    proxy::task<std::optional<std::string>> read_pieces(std::size_t piece) {
        std::string all, part(piece, '\0');
        proxy::request_body body({proxy::body_framing::chunked, 0}, false, parser_, stream_, buffer_, out_);
        for (;;) {
            auto const n = co_await body.read_some(std::as_writable_bytes(std::span(part)));
            if (!n) {
                expect(n.error().status == 400, "400 for a body that is none");
                co_return std::nullopt;
            }
            expect(*n <= part.size(), "no more than there is room for");
            if (*n == 0)
                break;
            all.append(part, 0, *n);
        }
        expect(body.left() == 0u, "nothing is left");
        co_return all;
    }

    static proxy::disk_pool& no_disk() {
        static proxy::disk_pool pool(1);
        return pool;
    }

    boost::asio::io_context context_{1};
    proxy::client_stream stream_{proxy::tcp_socket(context_.get_executor())};
    boost::beast::flat_buffer buffer_;
    proxy::request_body::parser parser_;
    proxy::watchdog dog_;
    proxy::watchdog::entry entry_{dog_, stream_.socket()};
    proxy::sender out_{stream_, entry_, no_disk(), std::chrono::seconds(60)};
};

inline void check_request_body(std::string_view input) {
    auto const [piece, rest] = split_byte(input);
    auto const [early_size, text] = split_byte(rest);
    auto const early = std::min<std::size_t>(early_size, text.size());
    sent_request r(text.substr(0, early), text.substr(early));
    auto const body = r.read(piece + 1);
    auto const plain = read_chunks_plainly(text);
    if (body) {
        expect(plain.has_value(), "what is taken is well-formed");
        expect(*body == plain->body, "the bytes that are in the chunks");
        expect(text.size() - r.unread() == plain->end, "the next request begins behind them");
    } else {
        // Of a longer one the trailer may be longer than is taken.
        expect(!plain || !plain->is_plain || text.size() >= 4096, "what is well-formed is taken");
    }
}

} // namespace fuzz
