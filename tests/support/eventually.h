// For what ends in its own time and tells nobody: a fill, a connection, a file that goes.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>

namespace tests {

// Looks until it is so; false if it still is not after a minute.
template <class F>
bool eventually(F condition) {
    boost::asio::io_context clock;
    auto const patience = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > patience)
            return false;
        boost::asio::steady_timer(clock, std::chrono::milliseconds(20)).wait();
    }
    return true;
}

} // namespace tests
