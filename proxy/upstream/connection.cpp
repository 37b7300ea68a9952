#include "proxy/upstream/connection.h"

#include "store/descriptors.h"

#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace proxy {

namespace http = beast::http;

namespace {

// Room for a head and the start of its body in one read; Beast would otherwise begin with 512 bytes.
constexpr std::size_t head_buffer_size = 16 * 1024;
constexpr seconds min_share_per_address{1}; // a lost SYN is repeated after a second

error_code open_socket(tcp_socket& socket, tcp const& protocol) {
    error_code ec;
    socket.open(protocol, ec);
    if (!ec && store::is_one_too_many(socket.native_handle(), store::descriptor_use::content))
        ec = net::error::no_descriptors;
    return ec;
}

} // namespace

connection::connection(executor ex, origin to) : origin_(std::move(to)), tcp_(std::in_place, ex) {
    buffer_.reserve(head_buffer_size);
}

task<error_code> connection::connect(std::vector<tcp::endpoint> const& addresses, deadline d) {
    error_code ec = beast::error::timeout; // if not even one attempt was possible
    for (std::size_t i = 0; i < addresses.size() && !d.passed(); ++i) {
        steady_clock::duration const share = d.left() / (addresses.size() - i);
        tcp_->expires_at(d.within(std::max<steady_clock::duration>(share, min_share_per_address)).at());
        ec = open_socket(tcp_->socket(), addresses[i].protocol());
        if (ec)
            break;
        co_await tcp_->async_connect(addresses[i], net::redirect_error(use_task, ec));
        if (!ec) {
            address_ = addresses[i].address();
            break;
        }
        auto const ex = tcp_->get_executor();
        tcp_.emplace(ex); // a stream that has timed out is good for nothing but this
    }
    co_return ec;
}

task<error_code> connection::handshake(net::ssl::context& tls, deadline d) {
    tls_.emplace(*tcp_, tls);
    error_code ec;
    // RFC 6066 §3: no IP addresses in SNI.
    if (!origin_.is_address())
        SSL_set_tlsext_host_name(tls_->native_handle(), origin_.host.c_str());
    tls_->set_verify_callback(net::ssl::host_name_verification(origin_.host), ec);
    if (ec)
        co_return ec;
    tcp_->expires_at(d.at());
    co_await tls_->async_handshake(net::ssl::stream_base::client, net::redirect_error(use_task, ec));
    // OpenSSL's queue may begin with some detail of why; what matters is that.
    if (ec && SSL_get_verify_result(tls_->native_handle()) != X509_V_OK)
        ec.assign(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_CERTIFICATE_VERIFY_FAILED), net::error::get_ssl_category());
    co_return ec;
}

task<error_code> connection::open(std::vector<tcp::endpoint> addresses, net::ssl::context& tls, deadline d) {
    auto ec = co_await connect(addresses, d);
    if (ec)
        co_return ec;
    tcp_->socket().set_option(tcp::no_delay(true), ec);
    if (origin_.tls) {
        ec = co_await handshake(tls, d);
        if (ec)
            co_return ec;
    }
    tcp_->socket().non_blocking(true, ec); // for read_decrypted
    co_return ec;
}

task<error_code> connection::write(std::string_view text, deadline d) {
    error_code ec;
    tcp_->expires_at(d.at());
    if (tls_)
        co_await net::async_write(*tls_, net::buffer(text), net::redirect_error(use_task, ec));
    else
        co_await net::async_write(*tcp_, net::buffer(text), net::redirect_error(use_task, ec));
    co_return ec;
}

task<error_code> connection::read_header(http::basic_parser<false>& into, deadline d) {
    error_code ec;
    tcp_->expires_at(d.at());
    if (tls_)
        co_await http::async_read_header(*tls_, buffer_, into, net::redirect_error(use_task, ec));
    else
        co_await http::async_read_header(*tcp_, buffer_, into, net::redirect_error(use_task, ec));
    co_return ec;
}

task<error_code> connection::read_body(http::basic_parser<false>& into, deadline d) {
    error_code ec;
    tcp_->expires_at(d.at());
    if (tls_)
        co_await http::async_read_some(*tls_, buffer_, into, net::redirect_error(use_task, ec));
    else
        co_await http::async_read_some(*tcp_, buffer_, into, net::redirect_error(use_task, ec));
    co_return ec;
}

task<std::size_t> connection::read_some(std::span<std::byte> to, deadline d, error_code& ec) {
    auto const target = net::buffer(to.data(), to.size());
    tcp_->expires_at(d.at());
    if (!tls_)
        co_return co_await tcp_->async_read_some(target, net::redirect_error(use_task, ec));
    auto n = co_await tls_->async_read_some(target, net::redirect_error(use_task, ec));
    if (!ec)
        n += read_decrypted(to.subspan(n));
    co_return n;
}

// An asynchronous TLS read ends with one record, 16 KiB. What has arrived beyond it is taken here without a turn of
// the event loop for each. Any error is left for the next asynchronous read to meet.
std::size_t connection::read_decrypted(std::span<std::byte> to) {
    std::size_t got = 0;
    error_code ec;
    while (got < to.size()) {
        auto const rest = to.subspan(got);
        auto const n = tls_->read_some(net::buffer(rest.data(), rest.size()), ec);
        if (ec)
            break;
        got += n;
    }
    return got;
}

bool connection::is_quiet() {
    if (buffer_.size() != 0)
        return false;
    char byte;
    auto const n = ::recv(tcp_->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

} // namespace proxy
