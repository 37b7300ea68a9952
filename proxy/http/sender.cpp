#include "proxy/http/sender.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace proxy {

namespace {

constexpr std::uint64_t step = 1024 * 1024; // per sendfile: large enough to be cheap, small enough to be fair

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

// Sends from `offset`, which moves, towards `end`: one step at least, as long as the client takes it.
task<bool> sender::send_part(int fd, std::uint64_t& offset, std::uint64_t end) {
    auto const length = std::min(step, end - offset);
    int const socket = socket_.native_handle();
    if (socket < 0)
        co_return false;
    auto at = static_cast<off_t>(offset);
    auto send = [&] {
        auto n = ::sendfile(socket, fd, &at, length);
        return n < 0 ? -errno : n;
    };
    auto const n = in_page_cache(fd, offset, length) ? send() : co_await on_disk(disk_, send);
    if (n > 0) {
        offset += static_cast<std::uint64_t>(n);
        sent_ += static_cast<std::uint64_t>(n);
        touch();
        co_return true;
    }
    if (n == 0)
        co_return false; // the file is shorter than promised
    if (n == -EINTR)
        co_return true;
    co_return full(static_cast<int>(-n)) && co_await wait_writable();
}

task<bool> sender::send_file(store::blob_file const& file, std::uint64_t offset, std::uint64_t length) {
    if (file.in_memory())
        co_return co_await send(file.bytes().substr(offset, length), {});
    auto const end = offset + length;
    std::uint64_t since_yield = 0;
    while (offset < end) {
        auto const before = offset;
        if (!co_await send_part(file.fd(), offset, end))
            co_return false;
        since_yield += offset - before;
        if (since_yield < 4 * step)
            continue;
        since_yield = 0;
        co_await net::post(socket_.get_executor(), use_task); // a fast client must not starve its neighbours
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
        entry_.expire_after(steady_clock::duration::max() / 4, steady_clock::now()); // the fill bounds this wait
        seen = co_await f.state().changed(seen.version);
        touch();
    }
    co_return true;
}

} // namespace proxy
