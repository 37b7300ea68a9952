#include "proxy/upstream/endpoint_health.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace proxy {

namespace {

using std::chrono::seconds;

// For a client that is told to come back: at least a second.
seconds until(steady_clock::time_point then, steady_clock::time_point now) {
    return std::max(seconds(1), std::chrono::ceil<seconds>(then - now));
}

error not_now(std::string message, seconds wait) {
    auto e = upstream_error(503, std::move(message));
    e.retry_after = wait;
    return e;
}

} // namespace

endpoint_health::permit::~permit() {
    if (!owner_)
        return;
    auto const now = owner_->now_();
    std::lock_guard lock(owner_->mutex_);
    owner_->breaker_.abandoned(as_, now);
    owner_->end_of_try(*this, false);
}

// What was sent before the limit was met and succeeds late says nothing about it.
void endpoint_health::end_of_try(permit const& p, bool over) {
    if (!p.tries_limit_)
        return;
    auto& limit = pause_of(p.class_);
    limit.tried = false;
    if (over) {
        limit.met = false;
        limit.guess = {};
    }
}

void endpoint_health::permit::succeeded() {
    auto* const h = std::exchange(owner_, nullptr);
    std::lock_guard lock(h->mutex_);
    h->breaker_.succeeded();
    h->end_of_try(*this, true);
    h->last_error_.clear();
}

void endpoint_health::permit::failed(failure_kind kind, std::string why) {
    auto* const h = std::exchange(owner_, nullptr);
    auto const now = h->now_();
    std::lock_guard lock(h->mutex_);
    h->breaker_.failed(as_, kind, now);
    h->end_of_try(*this, false);
    h->last_error_ = std::move(why);
}

result<endpoint_health::permit> endpoint_health::enter(request_class c) {
    auto const now = now_();
    std::lock_guard lock(mutex_);
    auto& p = pause_of(c);
    if (now < p.until || p.tried)
        return not_now(url_ + " limits how often it may be asked", until(p.until, now));
    auto const as = breaker_.enter(now);
    if (as == circuit_breaker::entry::refused)
        return not_now(url_ + " does not work at the moment", until(breaker_.next_try(), now));
    p.tried = p.met;
    return permit(*this, as, c, p.met);
}

seconds endpoint_health::permit::limited(limit_kind kind, std::optional<seconds> wait) {
    auto* const h = std::exchange(owner_, nullptr);
    auto const now = h->now_();
    std::lock_guard lock(h->mutex_);
    h->breaker_.succeeded();
    h->end_of_try(*this, false);
    if (kind == limit_kind::pulls)
        return h->rest(h->pause_of(request_class::pull), kind, wait, now);
    seconds longest{0};
    for (auto& p : h->pauses_)
        longest = std::max(longest, h->rest(p, kind, wait, now));
    return longest;
}

seconds endpoint_health::permit::limited_elsewhere(std::optional<seconds> wait) {
    auto* const h = std::exchange(owner_, nullptr);
    auto const now = h->now_();
    std::lock_guard lock(h->mutex_);
    h->breaker_.succeeded();
    h->end_of_try(*this, false);
    return h->rest(h->pause_of(class_), limit_kind::requests, wait, now);
}

// A guess grows only if the limit is met again after its pause: many requests may be under way when it is met first.
seconds endpoint_health::rest(pause& p, limit_kind kind, std::optional<seconds> wait, time_point now) {
    p.met = true;
    if (!wait && now < p.until)
        return until(p.until, now);
    if (!wait) {
        p.guess = p.guess.count() == 0 ? first_limit_pause : std::min(2 * p.guess, longest_limit_pause);
        wait = p.guess;
    }
    auto const then = now + std::max(*wait, seconds(1));
    if (then > p.until) {
        p.until = then;
        p.by = kind;
    }
    return until(p.until, now);
}

void endpoint_health::saw(pull_budget budget) {
    auto const now = now_();
    std::lock_guard lock(mutex_);
    budget_ = budget;
    budget_at_ = now;
}

std::optional<pull_budget> endpoint_health::budget() const {
    auto const now = now_();
    std::lock_guard lock(mutex_);
    return current_budget(now);
}

std::optional<pull_budget> endpoint_health::current_budget(time_point now) const {
    constexpr seconds untold{6 * 3600};
    if (!budget_ || now - budget_at_ > (budget_->window.count() > 0 ? budget_->window : untold))
        return std::nullopt;
    return budget_;
}

endpoint_report endpoint_health::report() const {
    auto const now = now_();
    std::lock_guard lock(mutex_);
    endpoint_report r;
    r.url = url_;
    r.breaker = breaker_.state();
    r.has_answered = breaker_.has_succeeded();
    r.failures = breaker_.failures();
    for (auto const& p : pauses_) {
        if (p.until <= now)
            continue;
        r.limited_for = std::max(r.limited_for, until(p.until, now));
        r.limited_by = p.by;
    }
    r.budget = current_budget(now);
    if (r.budget)
        r.budget_age = std::chrono::duration_cast<seconds>(now - budget_at_);
    r.last_error = last_error_;
    r.body_failures = blobs_->failures() + documents_->failures();
    return r;
}

} // namespace proxy
