// The bytes of one client's connection, plain or through TLS: what a session reads and a sender writes.
//
// TLS is OpenSSL on the socket itself, with no buffer of ours between (Asio's ssl::stream copies through two): a record
// is made in OpenSSL's buffer and goes to the kernel from there. What it reads goes through a record_gate. Where the
// kernel does TLS (kTLS, asked for at each handshake) OpenSSL gives it the keys; from then on what is sent is written
// to the socket as it is without TLS, files by sendfile. Not through OpenSSL: its SSL_write makes no copy there, but
// remembers a pointer to what the socket did not take, and SSL_sendfile goes past that.
//
// What goes out is tried at once: the caller waits when the socket is full, and then gives the same bytes again, or
// more. OpenSSL may have made a record of them already.
#pragma once

#include "proxy/http/record_gate.h"
#include "proxy/runtime/net.h"
#include "proxy/tls/server_identity.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace proxy {

enum class more : std::uint8_t { no, follows }; // whether the next bytes come at once: what is sent waits for them

// All of it on its worker's thread, but for send_file(). One read and one write at a time.
class client_stream {
public:
    // What went out, and what is to be done about the rest.
    struct progress {
        std::size_t bytes = 0;
        bool is_full = false; // the rest after wait_writable(), else at once
        bool is_over = false; // never: the connection is only good for closing, or the file is shorter than asked for
    };

    // The socket is non-blocking.
    explicit client_stream(tcp_socket socket) : socket_(std::move(socket)) {}

    enum class greeting : std::uint8_t { secure, failed, plain_http }; // plain_http: nothing was answered yet
    // Until a client has greeted, as far as that can be told; before secure(). False: the socket is closed.
    task<bool> wait_for_greeting() { return gate_.wait(); }
    // The server's side of a handshake; before all else. After `plain_http` the stream is as if it had not been tried.
    task<greeting> secure(server_identity::ptr as);

    bool is_secure() const noexcept { return tls_ != nullptr; }
    struct certified {
        std::string name;       // the common name of the certificate
        std::int64_t until = 0; // Unix seconds when it is over
    };
    // What the client has shown, of a CA that clients may be of; the name is "" if it has nothing such.
    certified certificate() const;

    // After secure(): until read_some() has something to give, for which no room is needed yet. False: it has the end.
    task<bool> wait_for_data();
    // At least one byte, or an error; net::error::eof at the end.
    task<std::size_t> read_some(net::mutable_buffer to, error_code& ec) {
        return tls_ ? read_secure(to, ec) : socket_.async_read_some(to, net::redirect_error(use_task, ec));
    }

    progress send(std::string_view head, std::string_view body, more m);
    // Of a file from `at` on, which is not moved. Blocks while pages are read that are not in memory. Any thread.
    progress send_file(int file, std::uint64_t at, std::size_t n);

    task<bool> wait_writable();

    // No more will be sent, and the peer is told so.
    void end_sending() noexcept;

    // Both directions are over: the client has reset the connection, or the watchdog has ended it.
    bool is_gone() const noexcept;

    tcp_socket& socket() noexcept { return socket_; }

private:
    struct free_ssl {
        void operator()(SSL* s) const noexcept { SSL_free(s); }
    };

    task<bool> wait_for(int wanted);
    task<std::size_t> read_secure(net::mutable_buffer to, error_code& ec);
    bool is_enciphered_here() const noexcept { return tls_ && !kernel_enciphers_; }
    progress send_secure(std::string_view text, more m);
    progress write_records(std::string_view text);
    progress failed(int result);

    tcp_socket socket_;
    server_identity::ptr identity_; // whose contexts tls_ may go back to during the handshake
    record_gate gate_{socket_};
    std::unique_ptr<SSL, free_ssl> tls_;
    std::string held_; // a head that goes out with what follows it
    bool kernel_enciphers_ = false;
    bool broken_ = false;
};

} // namespace proxy
