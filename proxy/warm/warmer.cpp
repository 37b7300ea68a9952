#include "proxy/warm/warmer.h"

#include "proxy/runtime/some_at_once.h"
#include "proxy/warm/image_walk.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace proxy {

namespace {

error stopping() {
    return overloaded("layerd is stopping");
}

error about(oci::digest const& d, error e) {
    e.message = d.to_string() + ": " + e.message;
    return e;
}

bool is_same(warm_request const& a, warm_request const& b) {
    return a.image.name() == b.image.name() && a.platforms == b.platforms && a.all_platforms == b.all_platforms;
}

void log_end(warm_status const& s) {
    if (s.stage == warm_stage::failed)
        spdlog::warn("warming {}: {}", s.image, s.error);
    else
        spdlog::info("warmed {}: {} objects, {} bytes, of which {} objects, {} bytes were downloaded", s.image,
                     s.of.objects, s.of.bytes, s.fetched.objects, s.fetched.bytes);
}

} // namespace

result<void> warmer::may_ask_for(named_image const& image) {
    auto const& t = image.target;
    if (!t.from)
        return error{oci::errc::denied, error_source::client, retry_class::never, 400,
                     image.name() + " is hosted here: there is no upstream to ask for it"};
    auto const& settings = t.from->config();
    if (settings.access == upstream_access::per_client && settings.username.empty())
        return error{oci::errc::denied, error_source::client, retry_class::never, 403,
                     settings.name + " is asked in its clients' names, whose credentials are not kept, and layerd has "
                                     "none of its own for it"};
    return {};
}

result<std::shared_ptr<warm_job>> warmer::begin(warm_request r) {
    auto possible = may_ask_for(r.image);
    if (!possible)
        return possible.error();
    r.image.target.client = "warming"; // takes its turn as one client does
    job_ptr job;
    {
        std::lock_guard lock(mutex_);
        if (fills_.is_stopping())
            return stopping();
        for (auto const& j : running_)
            if (is_same(j->request(), r))
                return j;
        for (auto const& j : waiting_)
            if (is_same(j->request(), r))
                return j;
        if (waiting_.size() >= max_waiting)
            return overloaded("too many images wait to be warmed");
        job = std::make_shared<warm_job>(++last_id_, std::move(r), parts_.now());
        waiting_.push_back(job);
    }
    run_next();
    return job;
}

void warmer::run_next() {
    job_ptr job;
    {
        std::lock_guard lock(mutex_);
        if (waiting_.empty() || running_.size() >= max_running)
            return;
        job = std::move(waiting_.front());
        waiting_.pop_front();
        running_.push_back(job);
    }
    auto& w = *workers_[job->id() % workers_.size()];
    spawn(w.executor(), "warm", [this, &w, job] { return run(w, job); });
}

task<void> warmer::run(worker& w, job_ptr job) {
    job->begin();
    std::optional<result<void>> how;
    try {
        auto done = co_await pull(w, job);
        how.emplace(std::move(done));
    } catch (std::exception const& e) {
        how.emplace(internal_error(e.what()));
    }
    end(job, *how);
}

task<result<void>> warmer::pull(worker& w, job_ptr job) {
    if (fills_.is_stopping())
        co_return stopping();
    image_walk walk(parts_, manifests_, w, *job);
    auto const blobs = co_await walk.run();
    if (!blobs)
        co_return blobs.error();
    std::optional<error> failure;
    auto one = [&](std::size_t i) -> task<void> {
        if (failure)
            co_return;
        auto const& d = (*blobs)[i];
        auto const brought = co_await fills_.bring(w, job, d);
        if (brought)
            job->has(d.size, *brought);
        else
            failure = about(d.digest, brought.error());
    };
    co_await some_at_once(w, blobs->size(), warm_fills::max_running, one);
    if (failure)
        co_return *failure;
    co_return result<void>();
}

void warmer::end(job_ptr const& job, result<void> const& how) {
    {
        std::lock_guard lock(mutex_);
        std::erase(running_, job);
        ended_.push_back(job);
        if (ended_.size() > max_ended)
            ended_.pop_front();
    }
    job->end(how, parts_.now());
    log_end(job->status());
    run_next();
}

std::vector<warm_status> warmer::list() const {
    std::vector<job_ptr> all;
    {
        std::lock_guard lock(mutex_);
        all.assign(ended_.begin(), ended_.end());
        all.insert(all.end(), running_.begin(), running_.end());
        all.insert(all.end(), waiting_.begin(), waiting_.end());
    }
    std::vector<warm_status> seen;
    for (auto const& j : all)
        seen.push_back(j->status());
    return seen;
}

void warmer::stop() {
    fills_.stop();
    std::deque<job_ptr> never;
    {
        std::lock_guard lock(mutex_);
        never.swap(waiting_);
        for (auto const& j : running_)
            j->abandon_fills();
    }
    for (auto const& j : never)
        j->end(stopping(), parts_.now());
}

} // namespace proxy
