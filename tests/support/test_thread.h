// A thread of a test. What it throws, a connection that fails or an answer that does not come, fails the test in the
// thread that joins: leaving a std::thread it would end the whole program, and with it all other tests.
#pragma once

#include "tests/catch.h"

#include <atomic>
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
        } catch (...) {
            FAIL_CHECK("a thread of this test asserted: only the test's own may");
        }
    }

private:
    std::future<void> done_;
};

// Counts the end of what it stands in, however that ends: who waits for the count does not wait in vain.
class counted_end {
public:
    explicit counted_end(std::atomic<unsigned>& ended) : ended_(ended) {}
    counted_end(counted_end const&) = delete;
    counted_end& operator=(counted_end const&) = delete;
    ~counted_end() {
        ++ended_;
        ended_.notify_all();
    }

private:
    std::atomic<unsigned>& ended_;
};

} // namespace tests
