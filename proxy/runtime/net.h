// The Asio types of this server, all bound to the concrete executor of an io_context: no type erasure on the
// hot path. One thread runs each context, so what lives on it needs neither strand nor lock.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <chrono>

namespace proxy {

namespace net = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

using executor = net::io_context::executor_type;

template <class T>
using task = net::awaitable<T, executor>;
inline constexpr net::use_awaitable_t<executor> use_task{};

using tcp = net::ip::tcp;
using tcp_socket = net::basic_stream_socket<tcp, executor>;
using tcp_acceptor = net::basic_socket_acceptor<tcp, executor>;
using tcp_resolver = net::ip::basic_resolver<tcp, executor>;
using tcp_stream = beast::basic_stream<tcp, executor>; // with a deadline per operation: upstream connections

using steady_clock = std::chrono::steady_clock;
using steady_timer = net::basic_waitable_timer<steady_clock, net::wait_traits<steady_clock>, executor>;
using std::chrono::milliseconds;
using std::chrono::seconds;

} // namespace proxy
