// The store's chores, on a thread of their own for as long as the server runs: what was used is noted every second,
// limits are held and a piece of the store is checked, and every minute the operator's policies are applied and uploads
// that nobody goes on with end.
#pragma once

#include "proxy/gc/collector.h"
#include "proxy/gc/integrity_watch.h"
#include "store/content_store.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace proxy {

class maintenance {
public:
    // Starts at once. All must outlive this.
    maintenance(store::content_store& content, collector& gc, integrity_watch& integrity,
                std::chrono::seconds upload_ttl);

private:
    void run(std::stop_token stop);
    void end_idle_uploads();

    store::content_store& content_;
    collector& gc_;
    integrity_watch& integrity_;
    std::chrono::seconds upload_ttl_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_; // last: it uses all above. Its end is asked for and awaited by destruction
};

} // namespace proxy
