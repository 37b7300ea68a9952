// Messages that wait for a log which does not take them, so that whoever has them need not.
//
// Standard error may be a pipe that nobody reads for a while. A message is written at once by who has it where nothing
// is in the way, for it is wanted most before a crash; else a thread of its own writes it when its turn has come. More
// than a bound are dropped, and counted in a line when the log goes on.
#pragma once

#include <spdlog/details/log_msg_buffer.h>
#include <spdlog/sinks/sink.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace proxy {

// Any thread.
class overflow_sink : public spdlog::sinks::sink {
public:
    static constexpr std::size_t max_waiting = 4 * 1024 * 1024; // bytes; the last quarter is for warnings and errors

    // `fd` is what `to` writes to; -1: what takes everything at once, a file.
    overflow_sink(spdlog::sink_ptr to, int fd);
    ~overflow_sink() override; // writes what waits

    // Does not wait for the log, except with a block of access lines: those come from a thread of their own.
    void log(spdlog::details::log_msg const& m) override;
    // Waits until what was put off is written; never needed for the rest.
    void flush() override;

    void set_pattern(std::string const& pattern) override { to_->set_pattern(pattern); }
    void set_formatter(std::unique_ptr<spdlog::formatter> f) override { to_->set_formatter(std::move(f)); }

private:
    using message = spdlog::details::log_msg_buffer;
    using held = std::unique_lock<std::mutex>;

    bool takes_at_once(spdlog::details::log_msg const& m) const noexcept;
    void write(held& lock, spdlog::details::log_msg const& m);
    void put_off(spdlog::details::log_msg m);
    void write_next(held& lock);
    void say_lost(held& lock);
    void run();

    spdlog::sink_ptr to_;
    int fd_;
    std::mutex mutex_; // not held while something is written
    std::condition_variable changed_;
    std::deque<message> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::size_t lost_ = 0;
    std::size_t sleepers_ = 0; // who waits for changed_
    bool writing_ = false;     // somebody has the turn
    bool stopping_ = false;
    std::jthread writer_; // last: it uses all above
};

} // namespace proxy
