#include "proxy/upstream/body_record.h"

#include <utility>

namespace proxy {

circuit_breaker::entry body_record::enter() {
    auto const now = now_();
    std::lock_guard lock(mutex_);
    return breaker_.enter(now);
}

void body_record::right() {
    std::lock_guard lock(mutex_);
    breaker_.succeeded();
    failures_ = 0;
}

void body_record::failed(circuit_breaker::entry as) {
    auto const now = now_();
    std::lock_guard lock(mutex_);
    breaker_.failed(as, failure_kind::quick, now);
    ++failures_;
}

void body_record::untold(circuit_breaker::entry as) {
    auto const now = now_();
    std::lock_guard lock(mutex_);
    breaker_.abandoned(as, now);
}

unsigned body_record::failures() const {
    std::lock_guard lock(mutex_);
    return failures_;
}

body_account::~body_account() {
    if (of_)
        of_->untold(as_);
}

void body_account::right() {
    if (auto const of = std::exchange(of_, nullptr))
        of->right();
}

void body_account::failed() {
    if (auto const of = std::exchange(of_, nullptr))
        of->failed(as_);
}

} // namespace proxy
