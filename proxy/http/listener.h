// Accepts connections and deals them out to the workers in turn. Each lives and dies on its worker's thread.
//
// In turn, and not by an acceptor per worker with SO_REUSEPORT: the kernel spreads those by a hash, and of a handful of
// busy connections, as one client's pull makes, all may fall to one worker while the other cores idle.
#pragma once

#include "proxy/http/client_table.h"
#include "proxy/http/service.h"
#include "proxy/http/worker_local.h"
#include "proxy/limit.h"
#include "proxy/runtime/net.h"
#include "proxy/server_parts.h"
#include "proxy/tls/identity_keeper.h"
#include "store/blob_file.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace proxy {

class listener {
public:
    // Accepts on the first worker's thread. Throws boost::system::system_error if the address cannot be had: a start-up
    // error. With `tls` that is what is spoken. All must outlive this, here and below.
    listener(tcp::endpoint at, std::vector<std::unique_ptr<worker_local>> const& workers, service& s,
             client_table& clients, server_parts const& parts, identity_keeper const* tls = nullptr);
    // The same on a socket that listens already.
    listener(store::file_descriptor listening, std::vector<std::unique_ptr<worker_local>> const& workers, service& s,
             client_table& clients, server_parts const& parts, identity_keeper const* tls = nullptr);

    tcp::endpoint local_endpoint() const { return acceptor_.local_endpoint(); }
    bool speaks_tls() const noexcept { return tls_ != nullptr; }

    // Runs until close(). Both on the first worker's thread. What was accepted before close() is served.
    task<void> run();
    void close();

private:
    limit bound_met(tcp_socket& socket);
    void start_session(tcp_socket socket, worker_local& local);
    void turn_away(tcp_socket socket, tcp::endpoint const& peer, worker_local& local, limit met);

    std::vector<std::unique_ptr<worker_local>> const& workers_;
    tcp_acceptor acceptor_;
    service& service_;
    client_table& clients_;
    server_parts const& parts_;
    identity_keeper const* tls_;               // null: plain
    steady_clock::time_point warn_next_{};     // of want of descriptors
    std::atomic<std::int64_t> turned_away_{0}; // just being told that there is no room
};

} // namespace proxy
