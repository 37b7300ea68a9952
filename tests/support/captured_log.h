// What is logged while it lives, instead of going to standard error.
#pragma once

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

namespace tests {

class captured_log {
public:
    captured_log() : before_(spdlog::default_logger()) {
        sink_ = std::make_shared<memory_sink>();
        spdlog::set_default_logger(std::make_shared<spdlog::logger>("layerd", sink_));
    }
    ~captured_log() { spdlog::set_default_logger(before_); }
    captured_log(captured_log const&) = delete;

    bool has(std::string const& text) const { return count(text) > 0; }
    // False if nothing such is said within a minute. Opens no file.
    bool wait_for(std::string const& text) const { return sink_->wait_for(text); }
    std::size_t count(std::string const& text) const {
        auto const all = sink_->text();
        std::size_t n = 0;
        for (auto at = all.find(text); at != all.npos; at = all.find(text, at + 1))
            ++n;
        return n;
    }

private:
    class memory_sink : public spdlog::sinks::base_sink<std::mutex> {
    public:
        std::string text() {
            std::lock_guard lock(mutex_);
            return text_;
        }
        bool wait_for(std::string const& text) {
            std::unique_lock lock(mutex_);
            return more_.wait_for(lock, std::chrono::minutes(1), [&] { return text_.find(text) != text_.npos; });
        }

    private:
        void sink_it_(spdlog::details::log_msg const& m) override {
            text_.append(m.payload.data(), m.payload.size()).append("\n");
            more_.notify_all();
        }
        void flush_() override {}

        std::string text_;
        std::condition_variable more_;
    };

    std::shared_ptr<spdlog::logger> before_;
    std::shared_ptr<memory_sink> sink_;
};

} // namespace tests
