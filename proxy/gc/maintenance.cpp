#include "proxy/gc/maintenance.h"

#include <chrono>

namespace proxy {

maintenance::maintenance(store::content_store& content, collector& gc)
    : content_(content), gc_(gc), thread_([this](std::stop_token stop) { run(std::move(stop)); }) {}

void maintenance::run(std::stop_token stop) {
    constexpr std::chrono::seconds pause(1);
    constexpr unsigned collect_every = 60; // pauses
    for (unsigned n = 1; !stop.stop_requested(); ++n) {
        content_.maintain();
        if (n % collect_every == 0)
            gc_.run(false);
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, pause, [] { return false; });
    }
}

} // namespace proxy
