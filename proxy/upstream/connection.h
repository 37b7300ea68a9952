// One TCP connection to an origin, plain or TLS, with a deadline on every operation.
//
// Each operation is re-armed with its own deadline, since Beast's expiry is one absolute point for all that follow.
// After an error or a timeout the connection must only be destroyed.
#pragma once

#include "proxy/runtime/deadline.h"
#include "proxy/runtime/net.h"
#include "proxy/upstream/origin.h"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace proxy {

// Belongs to one io_context's thread; one operation at a time.
class connection {
public:
    connection(executor ex, origin to);
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;

    origin const& peer() const noexcept { return origin_; }
    net::ip::address const& address() const noexcept { return address_; } // once open

    // Tries the addresses in order, then does the TLS handshake: verified chain, SNI, host name.
    task<error_code> open(std::vector<tcp::endpoint> addresses, net::ssl::context& tls, deadline d);

    task<error_code> write(std::string_view text, deadline d);

    // Reads until the head is complete; bytes of the body may follow in buffer().
    task<error_code> read_header(beast::http::basic_parser<false>& into, deadline d);
    // Reads body bytes through the parser.
    task<error_code> read_body(beast::http::basic_parser<false>& into, deadline d);

    // Body bytes straight from the socket into `to`, at least one. Not for bytes that are in buffer() already.
    task<std::size_t> read_some(std::span<std::byte> to, deadline d, error_code& ec);

    // What was read past the last head or body.
    beast::flat_buffer& buffer() noexcept { return buffer_; }

    // No byte and no end of stream has arrived while nobody was reading: it may carry another request.
    bool is_quiet();

private:
    // Of what was read and not yet understood: a head (answer_limits), or the line before a chunk and the fields behind
    // the last one, of which the parser would wait for the end however late it comes.
    static constexpr std::size_t max_buffered = 128 * 1024;

    using tls_stream = net::ssl::stream<tcp_stream&>;

    task<error_code> connect(std::vector<tcp::endpoint> const& addresses, deadline d);
    task<error_code> handshake(net::ssl::context& tls, deadline d);
    std::size_t read_decrypted(std::span<std::byte> to);

    origin origin_;
    net::ip::address address_;
    std::optional<tcp_stream> tcp_; // always there; replaced after a failed connect
    std::optional<tls_stream> tls_;
    beast::flat_buffer buffer_{max_buffered};
};

} // namespace proxy
