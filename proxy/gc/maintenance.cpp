#include "proxy/gc/maintenance.h"

#include <chrono>
#include <ctime>

namespace proxy {

maintenance::maintenance(store::content_store& content, collector& gc, integrity_watch& integrity)
    : content_(content), gc_(gc), integrity_(integrity),
      thread_([this](std::stop_token stop) { run(std::move(stop)); }) {}

void maintenance::run(std::stop_token stop) {
    constexpr std::chrono::seconds pause(1);
    constexpr unsigned collect_every = 60; // pauses
    for (unsigned n = 1; !stop.stop_requested(); ++n) {
        content_.maintain();
        integrity_.step(std::time(nullptr), stop);
        if (n % collect_every == 0)
            gc_.run(false);
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, pause, [] { return false; });
    }
}

} // namespace proxy
