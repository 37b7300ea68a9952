// Several ranges in one answer: the input is the blob's size on the first line and a Range field on the rest, as that
// of range_check.h. What is sent has the length that was promised, and read by what RFC 9110 §14.6 and RFC 2046 §5.1.1
// say it is the ranges asked for, in that order, each with its bytes. The blob is full of what looks like a boundary.
#pragma once

#include "proxy/pull/multipart.h"
#include "tests/fuzz/expect.h"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include <sys/socket.h>

namespace fuzz {

inline constexpr std::uint64_t max_blob_size = 16 * 1024;

inline std::string blob_like_parts(std::size_t size) {
    std::string bytes;
    while (bytes.size() < size)
        bytes += "\r\n--" + std::to_string(bytes.size()) + "\r\n\r\n";
    bytes.resize(size);
    return bytes;
}

// Takes `expected` off the front.
inline void take(std::string_view& text, std::string const& expected, char const* what) {
    expect(text.starts_with(expected), what);
    text.remove_prefix(expected.size());
}

// A server's end of a connection, and what has gone out through it.
class sent_answer {
public:
    sent_answer() {
        int ends[2];
        expect(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "a pair of sockets");
        stream_.socket().assign(proxy::tcp::v4(), ends[0]);
        stream_.socket().non_blocking(true);
        client_.assign(proxy::tcp::v4(), ends[1]);
    }

    // All of the body; nothing if it could not be sent. Both ends run: a pair of sockets holds less than many parts.
    std::optional<std::string> send(proxy::multipart_body& body) {
        bool sent = false;
        std::string all;
        spawn([&]() -> proxy::task<void> {
            sent = co_await body.send_to(out_);
            stream_.end_sending();
        });
        spawn([&]() -> proxy::task<void> { all = co_await read_to_end(); });
        context_.run();
        if (failure_)
            std::rethrow_exception(failure_);
        return sent ? std::optional(std::move(all)) : std::nullopt;
    }

    // How multipart_body sends one range.
    static proxy::multipart_body::send_part part_of(std::string_view blob) {
        return [blob](proxy::sender& to, oci::byte_range r) -> proxy::task<bool> {
            co_return co_await to.send(blob.substr(r.first, r.length()), {});
        };
    }

private:
    template <class F>
    void spawn(F const& f) {
        proxy::net::co_spawn(context_, f, [this](std::exception_ptr e) { failure_ = failure_ ? failure_ : e; });
    }

    proxy::task<std::string> read_to_end() {
        std::string all;
        proxy::error_code ec;
        while (!ec) {
            std::array<char, 4096> piece;
            auto const n = co_await client_.async_read_some(boost::asio::buffer(piece),
                                                            proxy::net::redirect_error(proxy::use_task, ec));
            all.append(piece.data(), n);
        }
        co_return all;
    }

    static proxy::disk_pool& no_disk() {
        static proxy::disk_pool pool(1);
        return pool;
    }

    boost::asio::io_context context_{1};
    proxy::client_stream stream_{proxy::tcp_socket(context_.get_executor())};
    proxy::tcp_socket client_{context_};
    std::exception_ptr failure_;
    proxy::watchdog dog_;
    proxy::watchdog::entry entry_{dog_, stream_.socket()};
    proxy::sender out_{stream_, entry_, no_disk(), std::chrono::seconds(60)};
};

inline void check_parts(std::string_view text, std::string const& boundary, std::vector<oci::byte_range> const& ranges,
                        std::string_view blob) {
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        take(text, (i == 0 ? "--" : "\r\n--") + boundary + "\r\n", "a part begins with the boundary");
        take(text, "Content-Type: application/octet-stream\r\n", "a part has its type");
        take(text,
             "Content-Range: bytes " + std::to_string(ranges[i].first) + "-" + std::to_string(ranges[i].last) + "/" +
                 std::to_string(blob.size()) + "\r\n\r\n",
             "the ranges come in the order asked for");
        take(text, std::string(blob.substr(ranges[i].first, ranges[i].length())), "a range has its bytes");
    }
    take(text, "\r\n--" + boundary + "--\r\n", "the last boundary ends the answer");
    expect(text.empty(), "nothing comes behind the end");
}

inline void check_multipart(std::string_view input) {
    std::size_t const line = std::min(input.find('\n'), input.size());
    std::uint64_t size = 0;
    std::from_chars(input.data(), input.data() + line, size);
    size %= max_blob_size;
    auto const ranges = oci::resolve_range(input.substr(std::min(line + 1, input.size())), size);
    if (!ranges || ranges->size() < 2)
        return;
    auto const blob = blob_like_parts(size);
    proxy::multipart_body body(*ranges, size, sent_answer::part_of(blob));
    auto const text = sent_answer().send(body);
    expect(text.has_value(), "it is sent");
    expect(text->size() == body.length(), "as long as was promised");
    constexpr std::string_view type = "multipart/byteranges; boundary=";
    auto const said = body.content_type();
    expect(said.starts_with(type), "the type names the boundary");
    expect(said.size() - type.size() <= 70, "RFC 2046 bounds it");
    check_parts(*text, said.substr(type.size()), *ranges, blob);
}

} // namespace fuzz
