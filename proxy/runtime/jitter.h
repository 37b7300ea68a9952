// Waits, and how to spread them at random, so that those who failed together do not come back together.
// Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 (full jitter).
#pragma once

#include "proxy/runtime/net.h"

#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <random>

namespace proxy {

// A random number from 0 to 1. Any thread.
inline double spread() {
    thread_local std::minstd_rand random(std::random_device{}());
    return std::generate_canonical<double, 24>(random);
}

// Goes on where it is called, after so much time; 0 or less: at once.
inline task<void> wait_for(steady_clock::duration time) {
    if (time <= steady_clock::duration::zero())
        co_return;
    auto const here = co_await net::this_coro::executor;
    steady_timer timer(here, time);
    error_code ec;
    co_await timer.async_wait(net::redirect_error(use_task, ec));
}

} // namespace proxy
