// The same work for each of many, a few at a time.
#pragma once

#include "proxy/runtime/spawn.h"
#include "proxy/runtime/watch.h"
#include "proxy/runtime/worker.h"

#include <algorithm>
#include <cstddef>
#include <memory>

namespace proxy {

// Awaits f(0) … f(n-1), each a task<void>, on `w`'s thread, at most `limit` at a time. To be called there; `f` may hold
// references to the caller's frame, which is there until all are done.
template <class F>
task<void> some_at_once(worker& w, std::size_t n, std::size_t limit, F f) {
    struct state {
        F f;
        std::size_t n;
        std::size_t next = 0;
        watch<std::size_t> running;
        state(F work, std::size_t count, std::size_t lanes) : f(std::move(work)), n(count), running(lanes) {}
    };
    struct lane { // also left when f throws, which spawn reports
        std::shared_ptr<state> of;
        ~lane() { of->running.publish(of->running.get().value - 1); }
    };
    auto const lanes = std::min(n, limit);
    auto const all = std::make_shared<state>(std::move(f), n, lanes);
    for (std::size_t i = 0; i < lanes; ++i)
        spawn(w.executor(), "some at once", [all]() -> task<void> {
            lane const here{all};
            while (all->next < all->n)
                co_await all->f(all->next++);
        });
    auto seen = all->running.get();
    while (seen.value > 0)
        seen = co_await all->running.changed(seen.version);
}

} // namespace proxy
