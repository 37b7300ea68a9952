// Accepts connections and deals them out to the workers in turn. Each lives and dies on its worker's thread.
//
// In turn, and not by an acceptor per worker with SO_REUSEPORT: the kernel spreads those by a hash, and of a handful of
// busy connections, as one client's pull makes, all may fall to one worker while the other cores idle.
#pragma once

#include "proxy/http/service.h"
#include "proxy/http/worker_local.h"
#include "proxy/runtime/net.h"
#include "proxy/server_parts.h"

#include <memory>
#include <vector>

namespace proxy {

class listener {
public:
    // Accepts on the first worker's thread. Throws boost::system::system_error if the address cannot be had: a start-up
    // error. References must outlive this.
    listener(tcp::endpoint at, std::vector<std::unique_ptr<worker_local>> const& workers, service& s,
             server_parts const& parts);

    tcp::endpoint local_endpoint() const { return acceptor_.local_endpoint(); }

    // Runs until close(). Both on the first worker's thread.
    task<void> run();
    void close();

private:
    task<void> wait_for_descriptors();
    void start_session(tcp_socket socket, worker_local& local);

    std::vector<std::unique_ptr<worker_local>> const& workers_;
    tcp_acceptor acceptor_;
    service& service_;
    server_parts const& parts_;
};

} // namespace proxy
