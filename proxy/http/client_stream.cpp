#include "proxy/http/client_stream.h"

#include <openssl/err.h>

#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace proxy {

namespace {

// What is read of a file and made into records at a time: it stays in the core's cache on its way.
constexpr std::size_t piece_size = 64 * 1024;
constexpr std::size_t record_size = 16 * 1024;
constexpr int empty_records_max = 32; // one after another

// Where a thread puts together what it writes next. What was not taken is put together again.
std::array<char, piece_size>& piece() noexcept {
    thread_local std::array<char, piece_size> p;
    return p;
}

// Of a system call that was to send `wanted` bytes: asking again for the rest of them would only say that the socket is
// full.
client_stream::progress after_call(ssize_t sent, std::size_t wanted) noexcept {
    if (sent >= 0)
        return {.bytes = static_cast<std::size_t>(sent), .is_full = static_cast<std::size_t>(sent) < wanted};
    bool const full = errno == EAGAIN || errno == EWOULDBLOCK;
    return {.is_full = full, .is_over = !full && errno != EINTR};
}

} // namespace

client_stream::certified client_stream::certificate() const {
    auto const* certificate = tls_ ? SSL_get0_peer_certificate(tls_.get()) : nullptr;
    if (certificate == nullptr || SSL_get_verify_result(tls_.get()) != X509_V_OK)
        return {};
    auto const* subject = X509_get_subject_name(certificate);
    int const at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    // Of two names somebody could take the one for the other.
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
        return {};
    auto const* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    unsigned char* text = nullptr;
    int const size = ASN1_STRING_to_UTF8(&text, value);
    if (size < 0)
        return {};
    certified shown{{reinterpret_cast<char*>(text), static_cast<std::size_t>(size)},
                    unix_seconds(X509_get0_notAfter(certificate))};
    OPENSSL_free(text);
    return shown;
}

task<bool> client_stream::wait_for(int wanted) {
    if (wanted == SSL_ERROR_WANT_READ)
        co_return co_await gate_.wait_for_more();
    if (wanted == SSL_ERROR_WANT_WRITE)
        co_return co_await wait_writable();
    co_return false;
}

task<client_stream::greeting> client_stream::secure(server_identity::ptr as) {
    identity_ = std::move(as);
    tls_.reset(SSL_new(identity_->context()));
    auto* const from = gate_.make_source();
    auto* const to = BIO_new_socket(socket_.native_handle(), BIO_NOCLOSE);
    if (!tls_ || from == nullptr || to == nullptr) {
        BIO_free(from);
        BIO_free(to);
        co_return greeting::failed;
    }
    SSL_set_bio(tls_.get(), from, to);
    for (;;) {
        ERR_clear_error();
        auto const done = SSL_accept(tls_.get());
        if (done == 1) {
            kernel_enciphers_ = BIO_get_ktls_send(SSL_get_wbio(tls_.get())) != 0;
            co_return greeting::secure;
        }
        auto const why = SSL_get_error(tls_.get(), done);
        if (co_await wait_for(why))
            continue;
        bool const plain = why == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
        ERR_clear_error();
        broken_ = !plain;
        if (plain)
            tls_.reset();
        co_return plain ? greeting::plain_http : greeting::failed;
    }
}

// Whole records with nothing for us, new keys say, are read here; they could come for ever without a wait between them.
task<bool> client_stream::wait_for_data() {
    if (SSL_pending(tls_.get()) > 0) // of a record that was more than was read
        co_return true;
    bool may_go_on = co_await gate_.wait();
    for (int empty = 0; may_go_on; ++empty) {
        ERR_clear_error();
        char first = 0;
        std::size_t n = 0;
        auto const done = SSL_peek_ex(tls_.get(), &first, 1, &n);
        if (done == 1)
            co_return true;
        auto const why = SSL_get_error(tls_.get(), done);
        broken_ = broken_ || why == SSL_ERROR_SSL || why == SSL_ERROR_SYSCALL;
        bool const too_many = !gate_.is_open() && empty >= empty_records_max;
        may_go_on = !too_many && co_await wait_for(why);
    }
    co_return false;
}

task<std::size_t> client_stream::read_secure(net::mutable_buffer to, error_code& ec) {
    std::size_t n = 0;
    if (co_await wait_for_data())
        SSL_read_ex(tls_.get(), to.data(), to.size(), &n);
    if (n == 0)
        ec = net::error::eof; // whether what came is whole, its length decides
    co_return n;
}

client_stream::progress client_stream::failed(int result) {
    if (SSL_get_error(tls_.get(), result) == SSL_ERROR_WANT_WRITE)
        return {.is_full = true};
    broken_ = true; // also if it wants to read first: nothing is renegotiated here
    return {.is_over = true};
}

// As many records as the socket takes. What was held, in front, counts for nobody: its sender has been told already.
client_stream::progress client_stream::write_records(std::string_view text) {
    std::size_t taken = 0;
    progress out;
    while (taken < text.size() && !out.is_full) {
        ERR_clear_error();
        std::size_t n = 0;
        if (auto const done = SSL_write_ex(tls_.get(), text.data() + taken, text.size() - taken, &n); done != 1)
            out = failed(done);
        if (out.is_over)
            return out;
        taken += n;
    }
    auto const of_held = std::min(taken, held_.size());
    held_.erase(0, of_held);
    out.bytes = taken - of_held;
    return out;
}

// What is short waits for what follows it, so that a head and the beginning of its body are one record.
client_stream::progress client_stream::send_secure(std::string_view text, more m) {
    if (m == more::follows && held_.size() + text.size() < record_size / 2) {
        held_ += text;
        return {.bytes = text.size()};
    }
    if (held_.empty())
        return write_records(text);
    auto const n = std::min(text.size(), piece_size - held_.size());
    std::memcpy(piece().data(), held_.data(), held_.size());
    std::memcpy(piece().data() + held_.size(), text.data(), n);
    return write_records({piece().data(), held_.size() + n});
}

client_stream::progress client_stream::send(std::string_view head, std::string_view body, more m) {
    if (is_enciphered_here()) {
        if (head.empty() || body.empty())
            return send_secure(head.empty() ? body : head, m);
        return send_secure(head, more::follows);
    }
    iovec parts[2] = {{const_cast<char*>(head.data()), head.size()}, {const_cast<char*>(body.data()), body.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = body.empty() ? 1 : 2;
    auto const n = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | (m == more::follows ? MSG_MORE : 0));
    return after_call(n, head.size() + body.size());
}

client_stream::progress client_stream::send_file(int file, std::uint64_t at, std::size_t n) {
    auto offset = static_cast<off_t>(at);
    if (!is_enciphered_here()) {
        auto const sent = ::sendfile(socket_.native_handle(), file, &offset, n);
        return sent == 0 ? progress{.is_over = true} : after_call(sent, n);
    }
    auto const room = std::min(n, piece_size - held_.size());
    std::memcpy(piece().data(), held_.data(), held_.size());
    auto const read = ::pread(file, piece().data() + held_.size(), room, offset);
    if (read <= 0)
        return {.is_over = read == 0 || errno != EINTR};
    return write_records({piece().data(), held_.size() + static_cast<std::size_t>(read)});
}

task<bool> client_stream::wait_writable() {
    error_code ec;
    co_await socket_.async_wait(tcp_socket::wait_write, net::redirect_error(use_task, ec));
    co_return !ec;
}

void client_stream::end_sending() noexcept {
    if (tls_ && !broken_ && SSL_is_init_finished(tls_.get())) {
        ERR_clear_error();
        SSL_shutdown(tls_.get());
    }
    error_code ignored;
    socket_.shutdown(tcp_socket::shutdown_send, ignored);
}

bool client_stream::is_gone() const noexcept {
    pollfd p{const_cast<tcp_socket&>(socket_).native_handle(), 0, 0};
    return ::poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

} // namespace proxy
