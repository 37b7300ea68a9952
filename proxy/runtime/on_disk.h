// The one bridge from event loops to what blocks: fsync, rename, RocksDB, big hashes, cold reads.
//
// A bounded pool of threads runs the work; the caller resumes on its own executor. Not cancellable by design, so
// the caller's frame, and the buffers in it, outlive the work.
#pragma once

#include "proxy/runtime/net.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace proxy {

using disk_pool = net::thread_pool;

// Awaits f() run on the pool. `f` returns a movable value and must not throw. Not itself a coroutine: `f` may hold
// references to the caller's frame.
template <class F>
auto on_disk(disk_pool& pool, F f) -> task<std::invoke_result_t<F&>> {
    using R = std::invoke_result_t<F&>;
    auto start = [&pool](auto done, F work) {
        auto home = net::prefer(net::get_associated_executor(done), net::execution::outstanding_work.tracked);
        net::post(pool, [done = std::move(done), home, work = std::move(work)]() mutable {
            // boost::system::result has no default value; the pointer carries it home without one.
            auto value = std::make_unique<R>(work());
            net::post(home, [done = std::move(done), value = std::move(value)]() mutable {
                std::move(done)(std::move(*value));
            });
        });
    };
    return net::async_initiate<net::use_awaitable_t<executor> const, void(R)>(std::move(start), use_task, std::move(f));
}

} // namespace proxy
