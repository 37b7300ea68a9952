// The one way to start a coroutine that nobody awaits.
//
// net::detached would drop an exception in silence; here it is logged with what was being done and counted. A
// std::logic_error is a bug of ours and ends the program.
#pragma once

#include "proxy/runtime/net.h"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <string_view>
#include <utility>

namespace proxy {

// Logs what a spawned coroutine died of; aborts on std::logic_error.
void report_exception(std::string_view what, std::exception_ptr e) noexcept;

// Runs f(), a callable that returns task<void>, on `ex`; any thread may call. `f` is kept in the coroutine's own
// frame, so a capturing lambda is fine. `what` must be a literal.
template <class F>
void spawn(executor const& ex, std::string_view what, F f) {
    net::co_spawn(ex, std::move(f), [what](std::exception_ptr e) {
        if (e)
            report_exception(what, e);
    });
}

} // namespace proxy
