#include "proxy/stats/history_keeper.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace proxy {

history_keeper::history_keeper(history& h, stats& counts, std::function<std::int64_t()> now,
                               std::function<store_counters()> of_store, std::function<void()> each_second)
    : history_(h), meter_(counts), now_(std::move(now)), of_store_(std::move(of_store)), before_(of_store_()),
      each_second_(std::move(each_second)), thread_([this](std::stop_token stop) { run(std::move(stop)); }) {}

history_keeper::~history_keeper() {
    thread_.request_stop();
    thread_.join();
    history_.add(look());
    note(history_.close(now_()));
}

void history_keeper::run(std::stop_token stop) {
    constexpr std::chrono::seconds pause(1);
    while (!stop.stop_requested()) {
        history_.add(look());
        note(history_.step(now_()));
        if (each_second_)
            each_second_();
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, pause, [] { return false; });
    }
}

traffic_parts history_keeper::look() {
    auto parts = meter_.look();
    auto const before = std::exchange(before_, of_store_());
    if (before_ != before) {
        parts.all().returned_objects += before_.returned.objects - before.returned.objects;
        parts.all().returned_bytes += before_.returned.bytes - before.returned.bytes;
        parts.all().integrity_failures += before_.integrity_failures - before.integrity_failures;
    }
    return parts;
}

// Said when it begins and when it ends: what could not be written is tried again each minute.
void history_keeper::note(result<void> const& done) {
    if (!done && !failed_)
        spdlog::warn("statistics are not being kept: {}", done.error().message);
    if (done && failed_)
        spdlog::info("statistics are being kept again");
    failed_ = !done;
}

} // namespace proxy
