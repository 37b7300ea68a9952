// Says that the server is alive only while every event loop is.
//
// Each loop reports by a timer of its own, and whoever completes the round calls `alive`, on its own thread: one loop
// that hangs ends the beat, and no thread stands beside the loops that could go on without them.
#pragma once

#include "proxy/runtime/net.h"

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace proxy {

class heartbeat {
public:
    // A round of all loops in `every`; `alive` must not block. The loops' contexts must outlive this, and this every
    // run().
    heartbeat(std::vector<executor> const& loops, steady_clock::duration every, std::function<void()> alive);

    // On loop `i`, until stop(i) is called on it.
    task<void> run(std::size_t i);
    void stop(std::size_t i);

private:
    struct loop {
        steady_timer timer;
        bool stopped = false;
        bool turned = false; // since the last round was complete
    };

    bool completes_round(std::size_t i);

    steady_clock::duration const every_;
    std::function<void()> const alive_;
    std::mutex mutex_; // guards `turned` of all loops
    std::vector<loop> loops_;
};

} // namespace proxy
