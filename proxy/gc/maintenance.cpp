#include "proxy/gc/maintenance.h"

#include "proxy/runtime/spare_memory.h"
#include "store/hosted/hosted_repositories.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <ctime>

namespace proxy {

maintenance::maintenance(store::content_store& content, collector& gc, integrity_watch& integrity,
                         std::chrono::seconds upload_ttl)
    : content_(content), gc_(gc), integrity_(integrity), upload_ttl_(upload_ttl),
      thread_([this](std::stop_token stop) { run(std::move(stop)); }) {}

void maintenance::end_idle_uploads() {
    auto const ended = content_.hosted().sessions().end_idle(std::time(nullptr) - upload_ttl_.count());
    if (ended > 0)
        spdlog::info("{} uploads ended that nobody went on with", ended);
}

void maintenance::run(std::stop_token stop) {
    constexpr std::chrono::seconds pause(1);
    constexpr unsigned give_back_every = 2; // pauses
    constexpr unsigned collect_every = 60;
    constexpr unsigned collect_hosted_every = 10 * collect_every;
    spare_memory spare;
    for (unsigned n = 1; !stop.stop_requested(); ++n) {
        content_.maintain();
        integrity_.step(std::time(nullptr), stop);
        if (n % give_back_every == 0) // malloc's books are looked through for it: 16 ms for 100,000 free blocks
            spare.give_back();
        if (n % collect_every == 0) {
            gc_.run(false, n % collect_hosted_every == 0);
            end_idle_uploads();
        }
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, pause, [] { return false; });
    }
}

} // namespace proxy
