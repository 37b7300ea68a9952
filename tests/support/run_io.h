// Runs coroutines of a worker to their end, from a test that has no other thread: the test's own thread is the
// worker's for as long as the call takes.
#pragma once

#include "proxy/runtime/net.h"
#include "proxy/runtime/worker.h"

#include <boost/asio/co_spawn.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace tests {

// A test that waits longer than this has found a hang.
inline constexpr std::chrono::seconds run_io_limit{300};

template <class T>
struct task_value;
template <class T>
struct task_value<proxy::task<T>> {
    using type = T;
};

// Starts f(0) … f(count-1), each giving task<T>, all at once; the values in order.
template <class F>
auto run_io_all(proxy::worker& w, std::size_t count, F f) {
    using T = typename task_value<std::invoke_result_t<F&, std::size_t>>::type;
    std::vector<std::optional<T>> values(count);
    std::size_t running = count;
    std::exception_ptr failure;
    for (std::size_t i = 0; i < count; ++i) {
        auto body = [&f, &values, i]() -> proxy::task<void> {
            auto value = co_await f(i);
            values[i].emplace(std::move(value));
        };
        auto ended = [&running, &failure](std::exception_ptr e) {
            if (e)
                failure = e;
            --running;
        };
        proxy::net::co_spawn(w.executor(), body, ended);
    }
    auto const limit = proxy::steady_clock::now() + run_io_limit;
    w.context().restart();
    while (running != 0)
        if (w.context().run_one_until(limit) == 0)
            throw std::runtime_error("run_io: a task does not end");
    if (failure)
        std::rethrow_exception(failure);
    std::vector<T> out;
    for (auto& v : values)
        out.push_back(std::move(*v));
    return out;
}

// f gives task<T>; its value, or the exception that it threw.
template <class F>
auto run_io(proxy::worker& w, F f) {
    using T = typename task_value<std::invoke_result_t<F&>>::type;
    auto values = run_io_all(w, 1, [&f](std::size_t) { return f(); });
    T value = std::move(values.front()); // named: a vector<bool> would hand out a reference into itself
    return value;
}

} // namespace tests
