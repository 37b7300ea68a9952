// Images that are pulled into the store before a client asks for them: the same way as a client's pull, in the
// background, and with what little of it that takes. What is here already costs upstream no more than the question
// what the tag is.
#pragma once

#include "proxy/warm/warm_fills.h"
#include "proxy/warm/warm_job.h"

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace proxy {

class manifest_source;

// Any thread. Must outlive its jobs: they end soon after stop().
class warmer {
public:
    static constexpr std::size_t max_running = 3;    // images
    static constexpr std::size_t max_waiting = 1000; // images
    static constexpr std::size_t max_ended = 1000;   // that are remembered

    // All must outlive this.
    warmer(server_parts const& parts, manifest_source& manifests, std::vector<worker*> workers)
        : parts_(parts), manifests_(manifests), workers_(std::move(workers)), fills_(parts) {}

    // A new job, or the one that is to do just that already. An error where it cannot be done: an image that is hosted
    // here, an upstream that is asked in its clients' names alone, too many that wait.
    result<std::shared_ptr<warm_job>> begin(warm_request r);

    // Why an image could never be warmed or refreshed.
    static result<void> may_ask_for(named_image const& image);

    std::vector<warm_status> list() const; // oldest first

    // Begins no more, and gives up what runs.
    void stop();

private:
    using job_ptr = std::shared_ptr<warm_job>;

    void run_next();
    task<void> run(worker& w, job_ptr job);
    task<result<void>> pull(worker& w, job_ptr job);
    void end(job_ptr const& job, result<void> const& how);

    server_parts const& parts_;
    manifest_source& manifests_;
    std::vector<worker*> const workers_;
    warm_fills fills_;
    mutable std::mutex mutex_; // guards all below
    std::deque<job_ptr> waiting_;
    std::vector<job_ptr> running_;
    std::deque<job_ptr> ended_; // oldest first
    std::uint64_t last_id_ = 0;
};

} // namespace proxy
