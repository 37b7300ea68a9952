#include "proxy/http/listener.h"

#include "proxy/http/session.h"
#include "proxy/runtime/spawn.h"
#include "store/blob_file.h"
#include "store/descriptors.h"

#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <utility>

namespace proxy {

namespace {

constexpr milliseconds pause_time{100};

// Counts a connection from the moment it is accepted until its session has ended, so that a stop waits for it.
class open_connection {
public:
    explicit open_connection(stats& counts) : counts_(&counts) {
        counts.open_connections.fetch_add(1, std::memory_order_relaxed);
    }
    open_connection(open_connection&& other) noexcept : counts_(std::exchange(other.counts_, nullptr)) {}
    open_connection& operator=(open_connection&&) = delete;
    ~open_connection() {
        if (counts_)
            counts_->open_connections.fetch_sub(1, std::memory_order_relaxed);
    }

private:
    stats* counts_;
};

} // namespace

listener::listener(tcp::endpoint at, std::vector<std::unique_ptr<worker_local>> const& workers, service& s,
                   server_parts const& parts)
    : workers_(workers), acceptor_(workers.front()->home.context()), service_(s), parts_(parts) {
    acceptor_.open(at.protocol());
    acceptor_.set_option(net::socket_base::reuse_address(true));
    acceptor_.bind(at);
    acceptor_.listen(4096);
}

void listener::close() {
    error_code ignored;
    acceptor_.close(ignored);
}

task<void> listener::run() {
    for (std::size_t turn = 0;; ++turn) {
        auto& next = *workers_[turn % workers_.size()];
        error_code ec;
        auto socket = co_await acceptor_.async_accept(next.home.context(), net::redirect_error(use_task, ec));
        if (ec == net::error::operation_aborted || !acceptor_.is_open())
            co_return;
        if (!ec) {
            bool const last = store::is_one_too_many(socket.native_handle(), store::descriptor_use::connection);
            start_session(std::move(socket), next);
            if (last)
                co_await wait_for_descriptors();
            continue;
        }
        // Out of descriptors, or the peer was gone already: neither may end the loop.
        spdlog::warn("accept: {}", ec.message());
        steady_timer pause(acceptor_.get_executor(), pause_time);
        co_await pause.async_wait(net::redirect_error(use_task, ec));
    }
}

// Who is not accepted yet waits in the kernel's queue, while those that are here get their content.
task<void> listener::wait_for_descriptors() {
    spdlog::warn("too many open files: no connection is accepted until some are closed");
    steady_timer pause(acceptor_.get_executor());
    while (acceptor_.is_open()) {
        error_code ec;
        pause.expires_after(pause_time);
        co_await pause.async_wait(net::redirect_error(use_task, ec));
        store::file_descriptor const next(::fcntl(acceptor_.native_handle(), F_DUPFD_CLOEXEC, 0));
        if (next && !store::is_one_too_many(next.get(), store::descriptor_use::connection))
            co_return;
    }
}

void listener::start_session(tcp_socket socket, worker_local& local) {
    auto const open = parts_.counts.open_connections.load(std::memory_order_relaxed);
    if (open >= static_cast<std::int64_t>(parts_.settings.server.max_connections)) {
        spdlog::warn("more than {} connections: one is turned away", parts_.settings.server.max_connections);
        return; // the socket's destructor closes it
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.native_non_blocking(true, ignored);
    // The session is made on its worker's thread: it enters that worker's lists.
    auto converse = [this, &local, socket = std::move(socket),
                     counted = open_connection(parts_.counts)]() mutable -> task<void> {
        session conversation(std::move(socket), local, service_, parts_);
        co_await conversation.run();
    };
    spawn(local.home.executor(), "session", std::move(converse));
}

} // namespace proxy
