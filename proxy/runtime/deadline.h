// The one point in time by which a piece of work must be over. Made at the edge, passed down by value; every
// step, retry and wait spends from it, so that timeouts never add up.
#pragma once

#include <algorithm>
#include <chrono>

namespace proxy {

class deadline {
public:
    using clock = std::chrono::steady_clock;

    explicit deadline(clock::time_point at) : at_(at) {}
    static deadline after(clock::duration d) { return deadline(clock::now() + d); }
    static deadline never() { return deadline(clock::time_point::max()); }

    clock::time_point at() const noexcept { return at_; }
    bool passed(clock::time_point now = clock::now()) const noexcept { return now >= at_; }
    clock::duration left(clock::time_point now = clock::now()) const noexcept {
        return std::max(at_ - now, clock::duration::zero());
    }

    // The earlier of this and `d` from now: a step with a bound of its own.
    deadline within(clock::duration d, clock::time_point now = clock::now()) const noexcept {
        return deadline(std::min(at_, now + d));
    }

private:
    clock::time_point at_;
};

} // namespace proxy
