#include "proxy/log/problem_log.h"

#include "proxy/log/line_formatter.h"

#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <deque>
#include <mutex>

namespace proxy {
namespace {

constexpr std::size_t longest_message = 500;

class keeping_sink : public spdlog::sinks::base_sink<std::mutex> {
public:
    keeping_sink() { set_level(spdlog::level::warn); }

    std::vector<logged_problem> latest_first() {
        std::lock_guard const lock(mutex_);
        return {problems_.rbegin(), problems_.rend()};
    }

protected:
    void sink_it_(spdlog::details::log_msg const& m) override {
        if (problems_.size() == problems_kept)
            problems_.pop_front();
        fmt::memory_buffer text;
        append_plain(text, std::string_view(m.payload.data(), std::min(m.payload.size(), longest_message)));
        problems_.push_back({std::chrono::duration_cast<std::chrono::seconds>(m.time.time_since_epoch()).count(),
                             std::string(level_name(m.level)), fmt::to_string(text)});
    }
    void flush_() override {}

private:
    std::deque<logged_problem> problems_;
};

std::shared_ptr<keeping_sink> const& keeper() {
    static auto const sink = std::make_shared<keeping_sink>();
    return sink;
}

} // namespace

spdlog::sink_ptr problem_sink() {
    return keeper();
}

std::vector<logged_problem> recent_problems() {
    return keeper()->latest_first();
}

} // namespace proxy
