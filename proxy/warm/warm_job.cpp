#include "proxy/warm/warm_job.h"

#include <algorithm>

namespace proxy {

std::string_view to_string(warm_stage s) noexcept {
    switch (s) {
    case warm_stage::waiting:
        return "waiting";
    case warm_stage::running:
        return "running";
    case warm_stage::done:
        return "done";
    case warm_stage::failed:
        return "failed";
    }
    return "";
}

warm_job::warm_job(std::uint64_t id, warm_request r, std::int64_t now) : id_(id), request_(std::move(r)) {
    status_.id = id_;
    status_.image = request_.image.name();
    status_.asked_at = now;
}

warm_status warm_job::status() const {
    std::lock_guard lock(mutex_);
    auto seen = status_;
    for (auto const& f : fills_)
        seen.done.bytes += f.fill->state().get().value.available;
    return seen;
}

bool warm_job::is_over() const {
    std::lock_guard lock(mutex_);
    return status_.stage == warm_stage::done || status_.stage == warm_stage::failed;
}

task<void> warm_job::ended() {
    auto seen = over_.get();
    while (!seen.value)
        seen = co_await over_.changed(seen.version);
}

void warm_job::begin() {
    std::lock_guard lock(mutex_);
    status_.stage = warm_stage::running;
}

void warm_job::choose(std::vector<oci::platform> const& platforms) {
    std::lock_guard lock(mutex_);
    status_.platforms.clear();
    for (auto const& p : platforms)
        status_.platforms.push_back(oci::to_string(p));
}

void warm_job::means(oci::digest const& d) {
    std::lock_guard lock(mutex_);
    status_.digest = d.to_string();
}

void warm_job::expect(std::uint64_t bytes) {
    std::lock_guard lock(mutex_);
    ++status_.of.objects;
    status_.of.bytes += bytes;
}

void warm_job::has(std::uint64_t bytes, bool fetched) {
    std::lock_guard lock(mutex_);
    ++status_.done.objects;
    status_.done.bytes += bytes;
    if (!fetched)
        return;
    ++status_.fetched.objects;
    status_.fetched.bytes += bytes;
}

void warm_job::follow(std::shared_ptr<fill> f, bool started) {
    std::lock_guard lock(mutex_);
    fills_.push_back({std::move(f), started});
}

void warm_job::unfollow(std::shared_ptr<fill> const& f) {
    std::lock_guard lock(mutex_);
    std::erase_if(fills_, [&](followed const& one) { return one.fill == f; });
}

void warm_job::end(result<void> const& how, std::int64_t now) {
    {
        std::lock_guard lock(mutex_);
        status_.stage = how ? warm_stage::done : warm_stage::failed;
        status_.ended_at = now;
        if (!how)
            status_.error = how.error().message;
    }
    over_.publish(true);
}

void warm_job::abandon_fills() {
    std::lock_guard lock(mutex_);
    abandoned_ = true;
    for (auto const& f : fills_)
        if (f.started && f.fill->followers.load(std::memory_order_relaxed) == 0)
            f.fill->abandon();
}

bool warm_job::is_abandoned() const {
    std::lock_guard lock(mutex_);
    return abandoned_;
}

} // namespace proxy
