// A value that may change while others read it: each reader gets a copy.
#pragma once

#include <mutex>
#include <utility>

namespace proxy {

template <class T>
class guarded {
public:
    explicit guarded(T initial) : value_(std::move(initial)) {}

    // Any thread.
    T get() const {
        std::lock_guard lock(mutex_);
        return value_;
    }
    void set(T value) {
        std::lock_guard lock(mutex_);
        std::swap(value_, value); // the old one goes outside the lock
    }

private:
    mutable std::mutex mutex_; // guards value_; held for a copy only
    T value_;
};

} // namespace proxy
