#include "proxy/http/sender.h"

#include "proxy/fill/side_fetches.h"
#include "proxy/runtime/jitter.h"

#include <fmt/format.h>

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace proxy {

namespace {

// What one look at the page cache speaks for, and the most that one sendfile sends.
constexpr std::uint64_t window = 2 * 1024 * 1024;
// A client that takes this much without a pause has had its turn.
constexpr std::uint64_t unfair = 8 * 1024 * 1024;

// How long a client may keep a place that others want: with 4 MiB for less than the 20 seconds that others wait.
constexpr seconds holders_patience{5};
constexpr std::uint64_t holders_rate = 512 * 1024; // bytes a second

// Of a window each such stretch is looked at; what is not larger than `small` its ends speak for.
constexpr std::uint64_t stretch = 256 * 1024;
constexpr std::uint64_t small = 64 * 1024;

// Where the file system cannot say, sendfile is worth its risk.
bool is_in_memory(int fd, std::uint64_t at) {
    char byte;
    iovec to{&byte, 1};
    return ::preadv2(fd, &to, 1, static_cast<off_t>(at), RWF_NOWAIT) >= 0 || errno != EAGAIN;
}

// Whether this part seems to be in memory. Reading ahead fills a file in order, so its ends would speak for the middle,
// did clients not read single bytes; whatever they have read, they do not know which pages this looks at.
bool in_page_cache(int fd, std::uint64_t offset, std::uint64_t length) {
    if (!is_in_memory(fd, offset) || !is_in_memory(fd, offset + length - 1))
        return false;
    for (std::uint64_t at = 0; at + small < length; at += stretch) {
        auto const within = static_cast<double>(std::min(stretch, length - at));
        if (!is_in_memory(fd, offset + at + static_cast<std::uint64_t>(within * spread())))
            return false;
    }
    return true;
}

} // namespace

task<bool> sender::wait_writable() {
    touch();
    if (held_ == nullptr)
        co_return co_await client_.wait_writable();
    auto const since = steady_clock::now();
    entry_.give_way(held_, since + holders_patience + seconds(sent_ / holders_rate) - kept_waiting_);
    bool const writable = co_await client_.wait_writable();
    entry_.give_way(nullptr, {});
    kept_waiting_ += steady_clock::now() - since;
    co_return writable;
}

// Takes bytes of the client's allowance and waits until they are due. In slices: a timer does not hear of a connection
// that ends.
task<bool> sender::wait_turn(std::uint64_t bytes) {
    constexpr auto slice = milliseconds(250);
    if (pace_ == nullptr)
        co_return true;
    auto now = steady_clock::now();
    auto const until = now + pace_->take(bytes, now);
    if (now >= until || held_ != nullptr)
        co_return true;
    steady_timer timer(client_.socket().get_executor());
    for (; now < until; now = steady_clock::now()) {
        touch();
        timer.expires_after(std::min<steady_clock::duration>(until - now, slice));
        error_code ec;
        co_await timer.async_wait(net::redirect_error(use_task, ec));
        if (client_.is_gone())
            co_return false;
    }
    co_return true;
}

task<bool> sender::send(std::string_view head, std::string_view body, more m) {
    if (pace_ && !co_await wait_turn(head.size() + body.size()))
        co_return false;
    while (!head.empty() || !body.empty()) {
        auto const out = client_.send(head, body, m);
        sent_ += out.bytes;
        auto const of_head = std::min(out.bytes, head.size());
        head.remove_prefix(of_head);
        body.remove_prefix(out.bytes - of_head);
        if (out.is_over || (out.is_full && !co_await wait_writable()))
            co_return false;
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
    auto at = offset;
    std::uint64_t known_until = offset; // up to here it is known whether the pages are in memory
    std::uint64_t since_wait = 0;
    bool hot = false;
    std::uint64_t step = 0;
    auto send_step = [&] { return client_.send_file(file.fd(), at, step); };
    while (at < end) {
        if (at >= known_until) {
            known_until = std::min(end, at + window);
            hot = in_page_cache(file.fd(), at, known_until - at);
        }
        step = known_until - at;
        if (pace_) {
            step = std::min(step, pace_->piece());
            if (!co_await wait_turn(step))
                co_return false;
        }
        client_stream::progress out;
        if (hot)
            out = send_step();
        else
            out = co_await on_disk(disk_, send_step);
        at += out.bytes;
        sent_ += out.bytes;
        since_wait += out.bytes;
        if (pace_ && out.bytes < step)
            pace_->give_back(step - out.bytes);
        if (out.bytes > 0)
            touch(); // a socket that takes faster than the disk gives is never full
        if (out.is_over)
            co_return false;
        if (out.is_full) {
            since_wait = 0;
            if (!co_await wait_writable())
                co_return false;
        } else if (since_wait >= unfair) {
            since_wait = 0;
            // A fast client must not starve its neighbours.
            co_await net::post(client_.socket().get_executor(), use_task);
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
        if (f.sides && length < now.size) {
            auto const ahead = co_await send_ahead(*now.file, *f.sides, offset, end - offset);
            if (!ahead)
                co_return false;
            offset += *ahead;
            if (*ahead > 0) {
                seen = f.state().get();
                continue;
            }
        }
        await_source();
        seen = co_await f.state().changed(seen.version);
        touch();
    }
    co_return true;
}

// What others bring far ahead of the fill; only for a part of the body, since nobody has verified it. Nothing: it is
// the fill that will bring it.
task<std::optional<std::uint64_t>> sender::send_ahead(store::blob_file const& file, side_fetches& sides,
                                                      std::uint64_t offset, std::uint64_t length) {
    auto& parts = sides.parts();
    for (;;) {
        auto const seen = parts.progress().get();
        if (auto const here = std::min(parts.readable(offset), length); here > 0) {
            bool const sent = co_await send_file(file, offset, here);
            if (!sent)
                co_return std::nullopt;
            co_return here;
        }
        if (!parts.want(offset))
            co_return 0;
        sides.start();
        await_source();
        co_await parts.progress().changed(seen.version);
        touch();
    }
}

} // namespace proxy
