// Asks the store on the event loop if memory has the answer, on the disk pool if not.
#pragma once

#include "proxy/runtime/on_disk.h"
#include "store/content_store.h"

namespace proxy {

// `f(store::access)` returns a store::result; it is called with access::memory first.
template <class F>
auto look_up(disk_pool& disk, F f) -> task<std::invoke_result_t<F&, store::access>> {
    auto quick = f(store::access::memory);
    if (quick || quick.error().code != store::errc::would_block)
        co_return quick;
    auto slow = [&f] { return f(store::access::any); };
    co_return co_await on_disk(disk, slow);
}

} // namespace proxy
