// Records of TLS as they come: the input is how much is read at a time, and what a client sends in pieces, each behind
// a byte that says how long it is. All of it comes out in its order, however it came, and its end too; and as long as
// records are told apart, none is given out in part (RFC 8446 §5.1).
#pragma once

#include "proxy/http/record_gate.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>

#include <openssl/ssl3.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace fuzz {

// Whether the first so many bytes are whole records.
inline bool are_whole_records(std::string_view sent, std::size_t size) {
    std::size_t at = 0;
    while (at < size) {
        if (sent.size() - at < SSL3_RT_HEADER_LENGTH)
            return false;
        auto const [high, rest] = split_byte(sent.substr(at + 3));
        auto const length = std::min<std::size_t>(high * 256 + split_byte(rest).first, SSL3_RT_MAX_ENCRYPTED_LENGTH);
        at += SSL3_RT_HEADER_LENGTH + length;
    }
    return at == size;
}

// Both ends of a connection: through the loopback, for what the gate waits with is TCP's (SO_RCVLOWAT).
class gated_connection {
public:
    gated_connection() {
        client_.connect(door().local_endpoint());
        door().accept(server_);
        server_.non_blocking(true);
        client_.set_option(boost::asio::ip::tcp::no_delay(true));
        client_.set_option(boost::asio::socket_base::linger(true, 0)); // or ports are used up
        source_.reset(gate_.make_source());
    }

    // What comes out while it is sent, read so many bytes at a time.
    std::string read(std::vector<std::string_view> const& pieces, std::string_view sent, std::size_t at_once) {
        std::string got;
        std::exception_ptr failure;
        bool is_over = false;
        proxy::net::co_spawn(
            context(), [&]() -> proxy::task<void> { co_await read_all(got, sent, at_once); },
            [&](std::exception_ptr e) {
                failure = e;
                is_over = true;
            });
        context().restart();
        for (auto const piece : pieces) {
            boost::asio::write(client_, boost::asio::buffer(piece.data(), piece.size()));
            context().poll();
        }
        client_.shutdown(boost::asio::socket_base::shutdown_send);
        context().run_for(std::chrono::seconds(5));
        expect(is_over, "it ends when the client has ended");
        if (failure)
            std::rethrow_exception(failure);
        return got;
    }

private:
    proxy::task<void> read_all(std::string& to, std::string_view sent, std::size_t at_once) {
        std::string part(at_once, '\0');
        for (bool goes_on = co_await gate_.wait(); goes_on;) {
            auto const n = BIO_read(source_.get(), part.data(), static_cast<int>(part.size()));
            if (n > 0) {
                to.append(part, 0, static_cast<std::size_t>(n));
                continue;
            }
            if (BIO_should_retry(source_.get()) == 0)
                break;
            expect(gate_.is_open() || are_whole_records(sent, to.size()), "no part of a record without the rest");
            goes_on = co_await gate_.wait_for_more();
        }
        expect(BIO_eof(source_.get()) == 1, "it ends where the client has ended");
    }

    static boost::asio::io_context& context() {
        static boost::asio::io_context one(1);
        return one;
    }
    static boost::asio::ip::tcp::acceptor& door() {
        static boost::asio::ip::tcp::acceptor one(context(), {boost::asio::ip::address_v4::loopback(), 0});
        return one;
    }
    struct free_bio {
        void operator()(BIO* b) const noexcept { BIO_free(b); }
    };

    boost::asio::ip::tcp::socket client_{context()};
    proxy::tcp_socket server_{context().get_executor()};
    proxy::record_gate gate_{server_};
    std::unique_ptr<BIO, free_bio> source_;
};

inline void check_record_gate(std::string_view input) {
    constexpr std::size_t most = 64 * 1024; // what sockets hold while nobody reads
    auto [at_once, rest] = split_byte(input.substr(0, most));
    std::vector<std::string_view> pieces;
    std::string sent;
    while (!rest.empty()) {
        auto const [n, behind] = split_byte(rest);
        pieces.push_back(behind.substr(0, (n + 1) * (n + 1))); // of a byte, or of more than a record
        sent += pieces.back();
        rest = behind.substr(pieces.back().size());
    }
    gated_connection c;
    expect(c.read(pieces, sent, (at_once + 1) * (at_once + 1)) == sent, "what was sent");
}

} // namespace fuzz
