#include "proxy/http/listener.h"

#include "proxy/runtime/spawn.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>

namespace proxy {

namespace {

using reuse_port = net::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

} // namespace

listener::listener(tcp::endpoint at, worker_local& local, service& s, server_parts const& parts)
    : acceptor_(local.home.context()), local_(local), service_(s), parts_(parts) {
    acceptor_.open(at.protocol());
    acceptor_.set_option(net::socket_base::reuse_address(true));
    acceptor_.set_option(reuse_port(true));
    acceptor_.bind(at);
    acceptor_.listen(4096);
}

void listener::close() {
    error_code ignored;
    acceptor_.close(ignored);
}

task<void> listener::run() {
    for (;;) {
        error_code ec;
        auto socket = co_await acceptor_.async_accept(net::redirect_error(use_task, ec));
        if (ec == net::error::operation_aborted || !acceptor_.is_open())
            co_return;
        if (!ec) {
            start_session(std::move(socket));
            continue;
        }
        // Out of descriptors, or the peer was gone already: neither may end the loop.
        spdlog::warn("accept: {}", ec.message());
        steady_timer pause(local_.home.executor(), milliseconds(100));
        co_await pause.async_wait(net::redirect_error(use_task, ec));
    }
}

void listener::start_session(tcp_socket socket) {
    auto const open = parts_.counts.open_connections.load(std::memory_order_relaxed);
    if (open >= static_cast<std::int64_t>(parts_.settings.server.max_connections)) {
        spdlog::warn("more than {} connections: one is turned away", parts_.settings.server.max_connections);
        return; // the socket's destructor closes it
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.native_non_blocking(true, ignored);
    auto conversation = std::make_shared<session>(std::move(socket), local_, service_, parts_);
    spawn(local_.home.executor(), "session", [conversation]() -> task<void> { co_await conversation->run(); });
}

} // namespace proxy
