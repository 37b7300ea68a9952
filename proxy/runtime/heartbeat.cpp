#include "proxy/runtime/heartbeat.h"

#include <algorithm>
#include <utility>

namespace proxy {

heartbeat::heartbeat(std::vector<executor> const& loops, steady_clock::duration every, std::function<void()> alive)
    : every_(every), alive_(std::move(alive)) {
    for (auto const& l : loops)
        loops_.push_back({steady_timer(l)});
}

task<void> heartbeat::run(std::size_t i) {
    auto& own = loops_[i];
    while (!own.stopped) {
        own.timer.expires_after(every_);
        error_code ec;
        co_await own.timer.async_wait(net::redirect_error(use_task, ec));
        if (!own.stopped && completes_round(i))
            alive_();
    }
}

void heartbeat::stop(std::size_t i) {
    loops_[i].stopped = true;
    loops_[i].timer.cancel();
}

bool heartbeat::completes_round(std::size_t i) {
    std::lock_guard lock(mutex_);
    loops_[i].turned = true;
    if (!std::all_of(loops_.begin(), loops_.end(), [](loop const& l) { return l.turned; }))
        return false;
    for (auto& l : loops_)
        l.turned = false;
    return true;
}

} // namespace proxy
