// What holds back an answer of the scripted origin until the test says go, so that no test has to sleep.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <stop_token>

namespace tests {

class gate {
public:
    static std::shared_ptr<gate> closed() { return std::make_shared<gate>(); }

    // Lets `bytes` more through.
    void allow(std::uint64_t bytes) {
        std::lock_guard lock(mutex_);
        allowed_ += bytes;
        changed_.notify_all();
    }

    // Lets everything through, for good.
    void open() {
        std::lock_guard lock(mutex_);
        allowed_ = std::numeric_limits<std::uint64_t>::max();
        changed_.notify_all();
    }

    // Blocks until more than `passed` bytes may have gone through; how many, or `passed` if asked to stop.
    std::uint64_t wait_past(std::uint64_t passed, std::stop_token stop) {
        std::unique_lock lock(mutex_);
        bool const more = changed_.wait(lock, stop, [&] { return allowed_ > passed; });
        return more ? allowed_ : passed;
    }

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::uint64_t allowed_ = 0;
};

} // namespace tests
