// The two looks at the store that go on beside serving: once after each start files and index are reconciled, and every
// so often all content is read again at a set rate. What has rotted is taken out of the way by the store; here it is
// said, and whoever can download it again is told.
#pragma once

#include "proxy/config/config.h"
#include "store/content_store.h"
#include "store/integrity/reconcile.h"
#include "store/integrity/scrubber.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

namespace proxy {

// For the statistics; of the scrubber since the store was made, of reconciliation since the start.
struct integrity_report {
    store::scrub_counters scrub;
    std::uint64_t quarantined_bytes = 0;
    bool reconciled = false;
    std::uint64_t orphans_removed = 0;
    std::uint64_t rows_dropped = 0;
    std::uint64_t failures = 0; // of either: what could not be looked at or mended
};

class integrity_watch {
public:
    // `rotten` is called on the thread that calls step(), with what lost its content. The store must outlive this.
    integrity_watch(store::content_store& content, store_config const& settings,
                    std::function<void(oci::digest const&)> rotten);

    // One second's share of both; blocks. One thread, about once a second. `now` in Unix seconds.
    void step(std::int64_t now, std::stop_token const& stop);

    integrity_report report() const; // any thread; counts files

    // Content that was found rotten since the store was made, and `failures` of the report. Any thread.
    std::uint64_t all_failures() const;

private:
    void reconcile(std::stop_token const& stop);
    void scrub(std::int64_t now, std::stop_token const& stop);

    std::uint64_t scrub_rate_; // bytes a second; 0: never
    std::int64_t scrub_every_; // seconds between the beginnings of two passes
    std::optional<store::reconciler> reconciler_;
    store::scrubber scrubber_;
    std::atomic<bool> reconciled_ = false;
    std::atomic<std::uint64_t> orphans_removed_ = 0;
    std::atomic<std::uint64_t> rows_dropped_ = 0;
    std::atomic<std::uint64_t> failures_ = 0;
};

} // namespace proxy
