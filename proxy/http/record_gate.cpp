#include "proxy/http/record_gate.h"

#include <openssl/ssl3.h>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace proxy {

namespace {

constexpr int head_size = 5;
constexpr unsigned char first_type = 20, last_type = 24; // of records

} // namespace

BIO_METHOD const* record_gate::method() {
    static BIO_METHOD const* const one = [] {
        auto* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "records");
        BIO_meth_set_read(m, &record_gate::read);
        BIO_meth_set_ctrl(m, &record_gate::control);
        return m;
    }();
    return one;
}

BIO* record_gate::make_source() {
    auto* b = BIO_new(method());
    if (b == nullptr)
        return nullptr;
    BIO_set_data(b, this);
    BIO_set_init(b, 1);
    return b;
}

long record_gate::control(BIO* b, int what, long, void*) {
    if (what == BIO_CTRL_EOF)
        return static_cast<record_gate*>(BIO_get_data(b))->has_ended_ ? 1 : 0;
    return what == BIO_CTRL_FLUSH ? 1 : 0;
}

int record_gate::read(BIO* b, char* to, int size) {
    auto& self = *static_cast<record_gate*>(BIO_get_data(b));
    BIO_clear_retry_flags(b);
    auto const most =
        self.is_open_ ? static_cast<std::size_t>(size) : std::min(static_cast<std::size_t>(size), self.open_for_);
    if (most == 0) {
        BIO_set_retry_read(b);
        return -1;
    }
    auto const n = ::recv(self.socket_.native_handle(), to, most, MSG_DONTWAIT);
    if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        self.open(); // it was said to be there
        BIO_set_retry_read(b);
    }
    self.has_ended_ = n == 0;
    if (n > 0)
        self.open_for_ -= std::min(self.open_for_, static_cast<std::size_t>(n));
    return static_cast<int>(n);
}

void record_gate::set_low_water(int bytes) {
    error_code ignored;
    if (std::exchange(low_water_, bytes) != bytes)
        socket_.set_option(tcp_socket::receive_low_watermark(bytes), ignored);
}

void record_gate::open() noexcept {
    is_open_ = true;
    set_low_water(1);
}

// How many bytes have to be there before a record can be read; 0: it can, or there is nothing to wait for.
int record_gate::missing() {
    constexpr int most = head_size + SSL3_RT_MAX_ENCRYPTED_LENGTH;
    std::array<unsigned char, head_size> head{};
    auto const n = ::recv(socket_.native_handle(), head.data(), head.size(), MSG_PEEK | MSG_DONTWAIT);
    here_ = 0;
    if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 1;
    if (n <= 0 || head[0] < first_type || head[0] > last_type) { // the end, an error, or not TLS
        open();
        return 0;
    }
    error_code ec;
    here_ = socket_.available(ec);
    int const record = n < head_size ? head_size : std::min(head_size + head[3] * 256 + head[4], most);
    if (n < head_size || here_ < static_cast<std::size_t>(record))
        return record;
    open_for_ = static_cast<std::size_t>(record);
    return 0;
}

task<bool> record_gate::wait_readable() {
    error_code ec;
    co_await socket_.async_wait(tcp_socket::wait_read, net::redirect_error(use_task, ec));
    co_return !ec;
}

task<bool> record_gate::wait() {
    std::size_t before = 0;
    for (bool waited = false; !is_open_ && open_for_ == 0; waited = true) {
        auto const bytes = missing();
        if (bytes == 0)
            break;
        // The kernel waits for no more: there will be none, its buffer is full, or it is short of memory.
        if (waited && bytes > 1 && here_ <= before) {
            open();
            break;
        }
        before = here_;
        set_low_water(bytes);
        if (!co_await wait_readable())
            co_return false;
    }
    co_return true;
}

} // namespace proxy
