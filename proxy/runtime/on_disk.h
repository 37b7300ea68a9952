// The one bridge from event loops to what blocks: fsync, rename, RocksDB, big hashes, cold reads.
//
// A bounded pool of threads runs the work; the caller resumes on its own executor. Not cancellable by design, so
// the caller's frame, and the buffers in it, outlive the work.
#pragma once

#include "oci/manifest.h"
#include "proxy/runtime/net.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace proxy {

// Knows how many jobs wait for a thread, so that new work can be refused before that is for long.
class job_pool : public net::thread_pool {
public:
    explicit job_pool(std::size_t threads) : net::thread_pool(threads) {}

    // Any thread; `job` runs on one of the pool's and must not throw.
    template <class F>
    void run(F job) {
        waiting_.fetch_add(1, std::memory_order_relaxed);
        net::post(*this, [this, job = std::move(job)]() mutable {
            waiting_.fetch_sub(1, std::memory_order_relaxed);
            job();
        });
    }

    std::size_t waiting() const noexcept { return waiting_.load(std::memory_order_relaxed); }

private:
    alignas(64) std::atomic<std::size_t> waiting_{0};
};

// What asks the disk takes milliseconds. A document of megabytes takes a tenth of a second to be parsed, two at a time
// (oci::json_document): a few of them would keep everybody from the disk, so they have threads of their own.
class disk_pool : public job_pool {
public:
    explicit disk_pool(std::size_t threads) : job_pool(threads), large_documents_(2) {}

    // For what hashes or parses a document of `bytes`. Any thread.
    job_pool& for_document(std::size_t bytes) noexcept {
        return bytes > oci::large_manifest_size ? large_documents_ : *this;
    }

    // No job begins another one.
    void join() {
        large_documents_.join();
        job_pool::join();
    }

private:
    job_pool large_documents_;
};

// Awaits f() run on the pool. `f` returns a movable value and must not throw. Not itself a coroutine: `f` may hold
// references to the caller's frame.
template <class F>
auto on_disk(job_pool& pool, F f) -> task<std::invoke_result_t<F&>> {
    using R = std::invoke_result_t<F&>;
    auto start = [&pool](auto done, F work) {
        auto home = net::prefer(net::get_associated_executor(done), net::execution::outstanding_work.tracked);
        pool.run([done = std::move(done), home, work = std::move(work)]() mutable {
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
