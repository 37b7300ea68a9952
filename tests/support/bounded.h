// One asynchronous operation, waited for, but 90 seconds at most: Asio's blocking calls wait for ever, whatever timeout
// the socket has, and a server that hangs shall fail the test instead of stopping it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <stdexcept>

namespace tests {

// The server neither answers nor closes.
struct no_end : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// start(handler) begins it on `context`; give_up() ends it, so that its handler runs.
template <class Start, class GiveUp>
boost::system::error_code bounded(boost::asio::io_context& context, Start start, GiveUp give_up) {
    boost::system::error_code ec;
    bool ended = false;
    start([&](boost::system::error_code e, auto...) {
        ec = e;
        ended = true;
    });
    context.restart();
    context.run_for(std::chrono::seconds(90)); // longer than the server lets anybody wait
    if (ended)
        return ec;
    give_up();
    context.run();
    throw no_end("nothing came for 90 seconds");
}

} // namespace tests
