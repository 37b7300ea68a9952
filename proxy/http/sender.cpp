#include "proxy/http/sender.h"

#include <fmt/format.h>

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace proxy {

namespace {

// What one look at the page cache speaks for, and the most that one sendfile sends.
constexpr std::uint64_t window = 2 * 1024 * 1024;
// A client that takes this much without a pause has had its turn.
constexpr std::uint64_t unfair = 8 * 1024 * 1024;

bool full(int problem) {
    return problem == EAGAIN || problem == EWOULDBLOCK;
}

// Whether the first and the last page of this part are in memory. Reading ahead fills a file in order, so the ends
// speak for the middle; where the file system cannot say, sendfile is worth its risk.
bool in_page_cache(int fd, std::uint64_t offset, std::uint64_t length) {
    char byte;
    iovec to{&byte, 1};
    for (auto at : {offset, offset + length - 1})
        if (::preadv2(fd, &to, 1, static_cast<off_t>(at), RWF_NOWAIT) < 0 && errno == EAGAIN)
            return false;
    return true;
}

} // namespace

task<bool> sender::wait_writable() {
    touch();
    error_code ec;
    co_await socket_.async_wait(tcp_socket::wait_write, net::redirect_error(use_task, ec));
    co_return !ec;
}

task<bool> sender::send(std::string_view head, std::string_view body, more m) {
    int const flags = MSG_NOSIGNAL | (m == more::follows ? MSG_MORE : 0);
    while (!head.empty() || !body.empty()) {
        iovec parts[2] = {{const_cast<char*>(head.data()), head.size()}, {const_cast<char*>(body.data()), body.size()}};
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = body.empty() ? 1 : 2;
        auto const n = ::sendmsg(socket_.native_handle(), &message, flags);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            if (!full(errno) || !co_await wait_writable())
                co_return false;
            continue;
        }
        sent_ += static_cast<std::uint64_t>(n);
        auto const of_head = std::min<std::size_t>(static_cast<std::size_t>(n), head.size());
        head.remove_prefix(of_head);
        body.remove_prefix(static_cast<std::size_t>(n) - of_head);
    }
    co_return true;
}

task<bool> sender::send_chunk(std::string_view data) {
    if (data.empty())
        co_return true;
    auto const size = fmt::format("{:x}\r\n", data.size());
    auto const before = sent_;
    bool whole = co_await send(size, data, more::follows);
    if (whole)
        whole = co_await send("\r\n", {});
    sent_ = before + std::min<std::uint64_t>(data.size(), sent_ - before);
    co_return whole;
}

task<bool> sender::end_chunks() {
    auto const before = sent_;
    bool const whole = co_await send("0\r\n\r\n", {});
    sent_ = before;
    co_return whole;
}

task<bool> sender::send_file(store::blob_file const& file, std::uint64_t offset, std::uint64_t length) {
    if (file.in_memory())
        co_return co_await send(file.bytes().substr(offset, length), {});
    auto const end = offset + length;
    auto at = static_cast<off_t>(offset);
    std::uint64_t known_until = offset; // up to here it is known whether the pages are in memory
    std::uint64_t since_wait = 0;
    bool hot = false;
    std::uint64_t step = 0;
    auto send_step = [&] {
        auto const n = ::sendfile(socket_.native_handle(), file.fd(), &at, step);
        return n < 0 ? -errno : n;
    };
    while (static_cast<std::uint64_t>(at) < end) {
        auto const here = static_cast<std::uint64_t>(at);
        if (here >= known_until) {
            known_until = std::min(end, here + window);
            hot = in_page_cache(file.fd(), here, known_until - here);
        }
        step = known_until - here;
        ssize_t n = 0;
        if (hot)
            n = send_step();
        else
            n = co_await on_disk(disk_, send_step);
        if (n == 0)
            co_return false; // the file is shorter than promised
        if (n > 0) {
            sent_ += static_cast<std::uint64_t>(n);
            since_wait += static_cast<std::uint64_t>(n);
        }
        if (n == -EINTR)
            continue;
        if (n < 0 && !full(static_cast<int>(-n)))
            co_return false;
        bool const took_all = n > 0 && static_cast<std::uint64_t>(n) == step;
        if (!took_all) { // the socket is full: asking again would only say so
            since_wait = 0;
            if (!co_await wait_writable())
                co_return false;
        } else if (since_wait >= unfair) {
            since_wait = 0;
            co_await net::post(socket_.get_executor(), use_task); // a fast client must not starve its neighbours
        }
    }
    co_return true;
}

task<bool> sender::send_fill(fill& f, std::uint64_t offset, std::uint64_t length) {
    auto const end = offset + length;
    auto seen = f.state().get();
    while (offset < end) {
        auto const& now = seen.value;
        if (now.stage == fill_stage::failed)
            co_return false;
        if (now.available > offset) {
            auto const part = std::min(end, now.available) - offset;
            if (!co_await send_file(*now.file, offset, part))
                co_return false;
            offset += part;
            seen = f.state().get();
            continue;
        }
        await_source();
        seen = co_await f.state().changed(seen.version);
        touch();
    }
    co_return true;
}

} // namespace proxy
