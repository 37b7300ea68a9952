// The downloads that no client waits for: fills like any other, which clients join, but few at a time, so that those
// that clients wait for find their place and most of the line.
#pragma once

#include "proxy/pull/blob_access.h"
#include "proxy/runtime/fair_queue.h"
#include "proxy/server_parts.h"
#include "proxy/warm/warm_job.h"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

namespace proxy {

// Any thread.
class warm_fills {
public:
    // In all, and of one upstream. Less where the server's max_fills is below 32, or the upstream's max_requests below
    // 16: an eighth and a quarter of these are the most.
    static constexpr std::size_t max_running = 4;

    explicit warm_fills(server_parts const& parts); // which must outlive this

    // Brings one blob of the job's image into the store, unless it is there; runs on `w`. True: it was downloaded. What
    // another repository brought is not downloaded again: upstream says that this one has it, so that it can be shown
    // when upstream is gone.
    task<result<bool>> bring(worker& w, std::shared_ptr<warm_job> job, oci::descriptor d);

    // Begins no more of them.
    void stop() { stopping_ = true; }
    bool is_stopping() const noexcept { return stopping_; }

private:
    task<result<bool>> fetch(worker& w, warm_job& job, oci::descriptor const& d);
    task<result<bool>> is_here(worker& w, repository_target const& t, oci::digest const& d);
    std::shared_ptr<fair_queue> places_at(upstream const& u);

    server_parts const& parts_;
    blob_access access_;
    std::shared_ptr<fair_queue> const places_;
    std::mutex mutex_; // guards at_
    std::map<upstream const*, std::shared_ptr<fair_queue>> at_;
    std::atomic<bool> stopping_{false};
};

} // namespace proxy
