// Accepts connections for one worker. Every worker has an acceptor of its own on the same address (SO_REUSEPORT): the
// kernel spreads the connections, and each lives and dies on its worker's thread.
#pragma once

#include "proxy/http/session.h"
#include "proxy/http/worker_local.h"
#include "proxy/runtime/net.h"
#include "proxy/server_parts.h"

namespace proxy {

class listener {
public:
    // Throws boost::system::system_error if the address cannot be had: a start-up error. References must outlive this.
    listener(tcp::endpoint at, worker_local& local, service& s, server_parts const& parts);

    tcp::endpoint local_endpoint() const { return acceptor_.local_endpoint(); }
    worker const& home() const noexcept { return local_.home; }
    worker& home() noexcept { return local_.home; }

    // Runs until close().
    task<void> run();
    void close(); // on the worker's thread

private:
    void start_session(tcp_socket socket);

    tcp_acceptor acceptor_;
    worker_local& local_;
    service& service_;
    server_parts const& parts_;
};

} // namespace proxy
