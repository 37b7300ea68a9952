#include "proxy/log/overflow_sink.h"

#include "proxy/log/line_formatter.h"

#include <fmt/format.h>

#include <poll.h>

#include <exception>
#include <string_view>
#include <utility>

namespace proxy {
namespace {

// Of a pipe that can be written to 4 KiB are free; a byte may become four ("\x1b"), and the line has a time too.
constexpr std::size_t short_message = 900;
constexpr std::size_t longest_message = 8192; // more the formatter does not write

std::size_t size_of(std::size_t payload) noexcept {
    return sizeof(spdlog::details::log_msg_buffer) + payload;
}

} // namespace

overflow_sink::overflow_sink(spdlog::sink_ptr to, int fd) : to_(std::move(to)), fd_(fd), writer_([this] { run(); }) {}

overflow_sink::~overflow_sink() {
    {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
}

bool overflow_sink::takes_at_once(spdlog::details::log_msg const& m) const noexcept {
    if (fd_ < 0)
        return true;
    pollfd p{fd_, POLLOUT, 0};
    return m.payload.size() <= short_message && ::poll(&p, 1, 0) > 0; // also of an error: that does not block
}

void overflow_sink::log(spdlog::details::log_msg const& m) {
    held lock(mutex_);
    if (std::string_view(m.logger_name.data(), m.logger_name.size()) == access_logger) {
        ++sleepers_;
        changed_.wait(lock, [this] { return !writing_; });
        --sleepers_;
        return write(lock, m);
    }
    if (!writing_ && waiting_.empty() && takes_at_once(m))
        return write(lock, m);
    put_off(m);
}

// Throws what `to` throws: the logger says so on standard error.
void overflow_sink::write(held& lock, spdlog::details::log_msg const& m) {
    std::exception_ptr failure;
    writing_ = true;
    lock.unlock();
    try {
        to_->log(m);
        to_->flush();
    } catch (std::exception const&) {
        failure = std::current_exception();
    }
    lock.lock();
    writing_ = false;
    if (sleepers_ > 0 || !waiting_.empty())
        changed_.notify_all();
    if (failure)
        std::rethrow_exception(failure);
}

void overflow_sink::put_off(spdlog::details::log_msg m) {
    if (m.payload.size() > longest_message)
        m.payload = {m.payload.data(), longest_message};
    auto const size = size_of(m.payload.size());
    auto const room = m.level >= spdlog::level::warn ? max_waiting : max_waiting / 4 * 3;
    if (waiting_bytes_ + size > room) {
        ++lost_;
        return;
    }
    waiting_.emplace_back(m);
    waiting_bytes_ += size;
    changed_.notify_all();
}

void overflow_sink::flush() {
    held lock(mutex_);
    ++sleepers_;
    changed_.wait(lock, [this] { return !writing_ && waiting_.empty() && lost_ == 0; });
    --sleepers_;
}

// It stays in front until it is written, so that nobody passes it.
void overflow_sink::write_next(held& lock) {
    try {
        write(lock, waiting_.front());
    } catch (std::exception const&) { // whoever writes the next one at once is told
    }
    waiting_bytes_ -= size_of(waiting_.front().payload.size());
    waiting_.pop_front();
}

void overflow_sink::say_lost(held& lock) {
    auto const text = fmt::format("{} messages before this one are lost: the log did not take them",
                                  std::exchange(lost_, std::size_t{0}));
    try {
        write(lock, {"layerd", spdlog::level::warn, text});
    } catch (std::exception const&) {
    }
}

void overflow_sink::run() {
    held lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return !writing_ && (!waiting_.empty() || lost_ > 0 || stopping_); });
        if (!waiting_.empty())
            write_next(lock);
        else if (lost_ > 0)
            say_lost(lock);
        else
            return;
        changed_.notify_all();
    }
}

} // namespace proxy
