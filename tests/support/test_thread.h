// A thread of a test. What it throws, a connection that fails or an answer that does not come, fails the test in the
// thread that joins: leaving a std::thread it would end the whole program, and with it all other tests.
#pragma once

#include "tests/catch.h"

#include <concepts>
#include <exception>
#include <future>
#include <utility>

namespace tests {

class test_thread {
public:
    template <std::invocable F>
    explicit test_thread(F f) : done_(std::async(std::launch::async, [f = std::move(f)]() mutable { f(); })) {}
    test_thread(test_thread&&) noexcept = default;
    test_thread& operator=(test_thread&&) = delete;
    ~test_thread() { join(); }

    // By the test's own thread: assertions are for one thread only.
    void join() {
        if (!done_.valid())
            return;
        try {
            done_.get();
        } catch (std::exception const& e) {
            FAIL_CHECK("a thread of this test threw: " << e.what());
        }
    }

private:
    std::future<void> done_;
};

} // namespace tests
