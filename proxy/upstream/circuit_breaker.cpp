#include "proxy/upstream/circuit_breaker.h"

#include <algorithm>

namespace proxy {

std::string_view to_string(breaker_state s) noexcept {
    switch (s) {
    case breaker_state::closed:
        return "closed";
    case breaker_state::open:
        return "open";
    case breaker_state::half_open:
        return "half-open";
    }
    return "?";
}

circuit_breaker::entry circuit_breaker::enter(time_point now) {
    switch (state_) {
    case breaker_state::closed:
        return entry::free;
    case breaker_state::half_open:
        return entry::refused;
    case breaker_state::open:
        if (now < next_try_)
            return entry::refused;
        state_ = breaker_state::half_open;
        probed_at_ = now;
        return entry::probe;
    }
    return entry::free;
}

// Also of a request that was sent before the breaker opened: the endpoint works.
void circuit_breaker::succeeded() {
    state_ = breaker_state::closed;
    has_succeeded_ = true;
    failures_ = 0;
    pause_ = {};
}

void circuit_breaker::failed(entry as, failure_kind kind, time_point now) {
    if (as == entry::probe) {
        open(now, probed_at_);
        return;
    }
    if (state_ != breaker_state::closed) // one that was sent before it opened: nothing new
        return;
    failures_ += kind == failure_kind::slow ? slow_weight : 1;
    if (failures_ >= opens_at_)
        open(now, now);
}

void circuit_breaker::abandoned(entry as, time_point now) {
    if (as != entry::probe || state_ != breaker_state::half_open)
        return;
    state_ = breaker_state::open;
    next_try_ = now;
}

void circuit_breaker::open(time_point now, time_point since) {
    state_ = breaker_state::open;
    pause_ = pause_.count() == 0 ? first_pause : std::min(2 * pause_, longest_pause);
    next_try_ = std::max(now, since + pause_);
}

} // namespace proxy
