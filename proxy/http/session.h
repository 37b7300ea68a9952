// One client's connection: requests one after another until it ends.
//
// A coroutine of the worker that accepted the connection; it never moves to another thread. Each request passes the
// framing gate before anything looks at its path. A body that came with a GET is read and dropped up to a limit; where
// its end is not certain, the connection closes after the answer.
#pragma once

#include "proxy/http/client_stream.h"
#include "proxy/http/client_table.h"
#include "proxy/http/peer.h"
#include "proxy/http/request.h"
#include "proxy/http/request_body.h"
#include "proxy/http/service.h"
#include "proxy/http/watchdog.h"
#include "proxy/http/worker_local.h"
#include "proxy/runtime/net.h"
#include "proxy/server_parts.h"

#include <boost/beast/core/flat_buffer.hpp>

#include <memory>
#include <optional>
#include <string>

namespace proxy {

// One of the requests with a large head that a worker has.
class large_head {
public:
    explicit large_head(std::size_t& count) : count_(count) { ++count_; }
    ~large_head() { --count_; }
    large_head(large_head const&) = delete;

private:
    std::size_t& count_;
};

class session {
public:
    static constexpr std::size_t max_head_size = 32 * 1024;
    static constexpr std::size_t max_fields = 128; // of a head: each takes more memory than its bytes

    // `from`: whom the socket was accepted from, for the socket may not know it any more: who resets the connection
    // has his requests read all the same. The other references must outlive the session.
    session(tcp_socket socket, tcp::endpoint const& from, client_table::place place, worker_local& local, service& s,
            server_parts const& parts);

    // Before all else, where TLS is spoken: the handshake. False: it failed, and the connection is over.
    task<bool> secure(server_identity::ptr as);

    // Runs to the connection's end.
    task<void> run();

    // Instead: says that there are too many connections, or open files, and ends. Counting is the caller's.
    task<void> turn_away(limit met);

private:
    using parser = request_body::parser;

    enum class head_result : std::uint8_t { complete, closed, malformed, too_large, one_too_many, tls };

    task<bool> serve_one();
    task<head_result> read_head();
    task<void> linger();
    task<bool> fill_buffer();
    task<bool> wait_turn();
    task<void> refuse(unsigned status, std::string_view why, limit over = limit::none);
    task<void> send_error(error const& e);

    client_table::place place_;
    client_stream stream_;
    worker_local& local_;
    service& service_;
    server_parts const& parts_;
    watchdog::entry entry_;
    peer peer_;
    boost::beast::flat_buffer buffer_;
    std::optional<parser> parser_;
    std::optional<large_head> large_; // of the present request
    bool asked_before_ = false;
    std::string head_buffer_;
};

} // namespace proxy
