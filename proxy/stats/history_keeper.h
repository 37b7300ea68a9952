// Keeps the history while the server runs, on a thread of its own: a second's delay of some other chore would be a gap
// that nobody could explain.
#pragma once

#include "proxy/stats/history.h"
#include "proxy/stats/upstream_meter.h"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace proxy {

// What no request and no upstream is to be charged with: counters that grow, for the fields of traffic of these names.
struct store_counters {
    store::gc_sum returned;
    std::uint64_t integrity_failures = 0;

    friend bool operator==(store_counters const&, store_counters const&) = default;
};

class history_keeper {
public:
    // Starts at once. All must outlive this. `of_store` is asked at once and then each second; `each_second` runs after
    // what is to be kept was kept. Both run on the thread.
    history_keeper(history& h, stats& counts, std::function<std::int64_t()> now,
                   std::function<store_counters()> of_store, std::function<void()> each_second);
    // Ends the thread and writes the minute under way, if that was not done.
    ~history_keeper();

private:
    void run(std::stop_token stop);
    traffic_parts look();
    void note(result<void> const& done);

    history& history_;
    upstream_meter meter_;
    std::function<std::int64_t()> now_;
    std::function<store_counters()> of_store_;
    store_counters before_;
    std::function<void()> each_second_;
    bool failed_ = false;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_; // last: it uses all above
};

} // namespace proxy
