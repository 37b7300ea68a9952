#include "proxy/http/listener.h"

#include "proxy/http/session.h"
#include "proxy/runtime/spawn.h"
#include "store/blob_file.h"
#include "store/descriptors.h"

#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace proxy {

namespace {

constexpr milliseconds pause_time{100};
// At a time beyond all bounds, to be told so; others are closed unheard. Few where what each holds is what is short.
constexpr std::int64_t max_turned_away = 256, max_turned_away_when_short = 16;
constexpr std::int64_t max_operators_when_short = 32;

// Counts a connection from the moment it is accepted until its session has ended, so that a stop waits for it.
class counted_in {
public:
    explicit counted_in(std::atomic<std::int64_t>& count) : count_(&count) {
        count.fetch_add(1, std::memory_order_relaxed);
    }
    counted_in(counted_in&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
    counted_in& operator=(counted_in&&) = delete;
    ~counted_in() {
        if (count_)
            count_->fetch_sub(1, std::memory_order_relaxed);
    }

private:
    std::atomic<std::int64_t>* count_;
};

// ":5000" is every interface: "::" takes both families, whatever net.ipv6.bindv6only says, and where the kernel does
// without IPv6 (ipv6.disable=1) there is the other one.
void open_and_bind(tcp_acceptor& to, tcp::endpoint at) {
    bool const is_every = at.address() == net::ip::address_v6::any();
    error_code ec;
    auto const try_at = [&](tcp::endpoint const& a) {
        to.open(a.protocol(), ec);
        if (!ec)
            to.set_option(net::socket_base::reuse_address(true), ec);
        if (!ec && is_every && a.address().is_v6())
            to.set_option(net::ip::v6_only(false), ec);
        if (!ec)
            to.bind(a, ec);
    };
    try_at(at);
    if (is_every &&
        (ec == net::error::address_family_not_supported || ec == boost::system::errc::address_not_available)) {
        error_code ignored;
        to.close(ignored);
        try_at({net::ip::address_v4::any(), at.port()});
    }
    if (ec)
        throw boost::system::system_error(ec);
}

} // namespace

listener::listener(tcp::endpoint at, std::vector<std::unique_ptr<worker_local>> const& workers, service& s,
                   client_table& clients, server_parts const& parts, identity_keeper const* tls)
    : workers_(workers), acceptor_(workers.front()->home.context()), service_(s), clients_(clients), parts_(parts),
      tls_(tls) {
    open_and_bind(acceptor_, at);
    acceptor_.listen(4096);
}

listener::listener(store::file_descriptor listening, std::vector<std::unique_ptr<worker_local>> const& workers,
                   service& s, client_table& clients, server_parts const& parts, identity_keeper const* tls)
    : workers_(workers), acceptor_(workers.front()->home.context()), service_(s), clients_(clients), parts_(parts),
      tls_(tls) {
    sockaddr_storage at{};
    socklen_t size = sizeof(at);
    if (::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0)
        throw boost::system::system_error(errno, boost::system::system_category());
    acceptor_.assign(at.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), ::fcntl(listening.get(), F_DUPFD_CLOEXEC, 0));
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
        if (!ec)
            start_session(std::move(socket), next);
        if (ec == net::error::operation_aborted || !acceptor_.is_open())
            co_return;
        if (!ec)
            continue;
        // Out of descriptors, or the peer was gone already: neither may end the loop.
        spdlog::warn("accept: {}", ec.message());
        steady_timer pause(acceptor_.get_executor(), pause_time);
        co_await pause.async_wait(net::redirect_error(use_task, ec));
    }
}

limit listener::bound_met(tcp_socket& socket) {
    auto const most = static_cast<std::int64_t>(clients_.limits().total);
    if (most > 0 && clients_.open().load(std::memory_order_relaxed) >= most)
        return limit::connections;
    if (!store::is_one_too_many(socket.native_handle(), store::descriptor_use::connection))
        return limit::none;
    // A few operators come in as long as content does: who else could see what is wrong?
    bool const may_enter = clients_.limits().of_operators &&
                           clients_.open().load(std::memory_order_relaxed) < max_operators_when_short &&
                           !store::is_one_too_many(socket.native_handle(), store::descriptor_use::content);
    if (may_enter)
        return limit::none;
    if (auto const now = steady_clock::now(); now >= warn_next_) {
        spdlog::warn("too many open files: connections are refused until some are closed (LimitNOFILE=, ulimit -n)");
        warn_next_ = now + std::chrono::minutes(1);
    }
    return limit::open_files;
}

void listener::start_session(tcp_socket socket, worker_local& local) {
    error_code gone;
    auto const peer = socket.remote_endpoint(gone);
    if (gone)
        return;
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(tcp_socket::out_of_band_inline(true), ignored); // or it would hide what comes behind it
    socket.native_non_blocking(true, ignored);
    auto met = bound_met(socket);
    std::optional<client_table::place> place;
    if (met == limit::none && !(place = clients_.admit(peer.address())))
        met = limit::connections;
    if (met != limit::none) {
        turn_away(std::move(socket), peer, local, met);
        return;
    }
    // The session is made on its worker's thread: it enters that worker's lists.
    auto converse = [this, &local, peer, socket = std::move(socket), place = std::move(*place),
                     counted = counted_in(parts_.counts.open_connections),
                     here = counted_in(clients_.open())]() mutable -> task<void> {
        session conversation(std::move(socket), peer, std::move(place), local, service_, parts_);
        if (!tls_ || co_await conversation.secure(tls_->current()))
            co_await conversation.run();
    };
    spawn(local.home.executor(), "session", std::move(converse));
}

void listener::turn_away(tcp_socket socket, tcp::endpoint const& peer, worker_local& local, limit met) {
    auto& counters = workers_.front()->counters;
    counters.turned_away.add();
    counters.refuse(met);
    // The socket's destructor closes it. Saying so through TLS would cost more than what there is no room for.
    auto const most = met == limit::open_files ? max_turned_away_when_short : max_turned_away;
    if (tls_ || turned_away_.load(std::memory_order_relaxed) >= most)
        return;
    auto refuse = [this, &local, met, peer, socket = std::move(socket), one = counted_in(turned_away_),
                   counted = counted_in(parts_.counts.open_connections)]() mutable -> task<void> {
        session conversation(std::move(socket), peer, {}, local, service_, parts_);
        co_await conversation.turn_away(met);
    };
    spawn(local.home.executor(), "turning away", std::move(refuse));
}

} // namespace proxy
