#include "proxy/admin/event_stream.h"

#include "proxy/runtime/jitter.h"

namespace proxy {

task<bool> event_stream::send_to(sender& s) {
    while (!local_.draining && co_await may_go_on_()) {
        s.await_source();
        auto look = [&] { return admin_.live(); };
        auto const now = co_await on_disk(disk_, look);
        auto const event = "data: " + now + "\n\n";
        bool const sent = co_await s.send_chunk(event);
        if (!sent)
            co_return false;
        co_await pause();
    }
    co_return co_await s.end_chunks();
}

// In slices: a stop does not wait for a page.
task<void> event_stream::pause() {
    constexpr milliseconds whole(2000), slice(200);
    for (auto waited = milliseconds(0); waited < whole && !local_.draining; waited += slice)
        co_await wait_for(slice);
}

} // namespace proxy
