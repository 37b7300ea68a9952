// A value that one side publishes and many wait on, across threads: the progress of a fill, the result of a flight.
//
// Waiters ask for "anything newer than what I have seen", so none can miss a change, and a value that changes
// faster than a waiter looks is simply seen less often. Each waiter resumes on its own executor. A wait cannot be
// cancelled: whoever publishes must end in bounded time.
#pragma once

#include "proxy/runtime/net.h"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace proxy {

// T is copied under the lock: keep it small, with shared_ptr for what is not.
template <class T>
class watch {
public:
    struct snapshot {
        T value;
        std::uint64_t version = 0;
    };

    explicit watch(T initial) : current_{std::move(initial), 1} {}

    snapshot get() const {
        std::lock_guard lock(mutex_);
        return current_;
    }

    // Replaces the value and wakes all waiters. Any thread.
    void publish(T value) {
        std::vector<waiter> woken;
        {
            std::lock_guard lock(mutex_);
            current_.value = std::move(value);
            ++current_.version;
            woken.swap(waiters_);
        }
        for (auto& w : woken)
            resume(std::move(w));
    }

    // Resumes as soon as the version differs from `seen`; at once if it does already. The watch must outlive the wait.
    task<snapshot> changed(std::uint64_t seen) {
        co_await wait(seen);
        co_return get();
    }

private:
    // Where and how one waiter goes on. The executor is tracked: its context keeps running while somebody waits.
    using tracked_executor = decltype(net::prefer(std::declval<executor>(), net::execution::outstanding_work.tracked));
    struct waiter {
        tracked_executor home;
        net::any_completion_handler<void()> handler;
    };

    static void resume(waiter w) {
        auto home = w.home;
        net::post(home, [w = std::move(w)]() mutable { std::move(w.handler)(); });
    }

    // Not a coroutine: registers, or completes through the waiter's executor if there is news already.
    auto wait(std::uint64_t seen) {
        auto start = [this](auto handler, std::uint64_t version) {
            auto home = net::prefer(net::get_associated_executor(handler), net::execution::outstanding_work.tracked);
            waiter w{home, std::move(handler)};
            {
                std::lock_guard lock(mutex_);
                if (current_.version == version) {
                    waiters_.push_back(std::move(w));
                    return;
                }
            }
            resume(std::move(w));
        };
        return net::async_initiate<net::use_awaitable_t<executor> const, void()>(std::move(start), use_task, seen);
    }

    mutable std::mutex mutex_; // guards all below; held for a copy or a push only
    snapshot current_;
    std::vector<waiter> waiters_;
};

} // namespace proxy
