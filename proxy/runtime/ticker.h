// Does one thing again and again, a period apart, on one thread, until it is stopped.
//
// A cancelled timer alone does not end such a loop: the timer may have expired already, or nobody waits for it because
// the thing itself is under way. So there is a flag beside it.
#pragma once

#include "proxy/runtime/net.h"

#include <utility>

namespace proxy {

// Belongs to one io_context's thread, and outlives its run.
class ticker {
public:
    ticker(executor ex, steady_clock::duration period) : timer_(ex), period_(period) {}

    // Awaits work(), a callable that returns task<void>, after every period. Ends soon after stop(), or with the work
    // that is under way then.
    template <class F>
    task<void> run(F work) {
        while (!stopped_) {
            timer_.expires_after(period_);
            error_code ignored;
            co_await timer_.async_wait(net::redirect_error(use_task, ignored));
            if (!stopped_)
                co_await work();
        }
    }

    void stop() {
        stopped_ = true;
        timer_.cancel();
    }

private:
    steady_timer timer_;
    steady_clock::duration const period_;
    bool stopped_ = false;
};

} // namespace proxy
