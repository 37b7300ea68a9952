// Something that happens once, and that coroutines of one thread wait for, each no longer than its deadline.
//
// Needed where the work itself cannot be cancelled (a running getaddrinfo): the waiter gives up, the work goes on.
#pragma once

#include "proxy/runtime/deadline.h"
#include "proxy/runtime/net.h"

#include <vector>

namespace proxy {

// Belongs to one io_context's thread. Must outlive its waiters: keep it in a shared_ptr that each of them holds.
class event {
public:
    event() = default;
    event(event const&) = delete;
    event& operator=(event const&) = delete;

    void set() {
        set_ = true;
        for (auto* waiter : waiters_)
            waiter->cancel();
    }

    // True once it has happened, false if the deadline came first.
    task<bool> wait(executor ex, deadline d) {
        if (set_)
            co_return true;
        steady_timer timer(ex, d.at());
        registration here(*this, timer);
        error_code ignored;
        co_await timer.async_wait(net::redirect_error(use_task, ignored));
        co_return set_;
    }

private:
    // Also undone when the frame is destroyed without being resumed.
    struct registration {
        registration(event& e, steady_timer& t) : owner(e), timer(&t) { owner.waiters_.push_back(timer); }
        ~registration() { std::erase(owner.waiters_, timer); }
        registration(registration const&) = delete;

        event& owner;
        steady_timer* timer;
    };

    bool set_ = false;
    std::vector<steady_timer*> waiters_;
};

} // namespace proxy
