// How often a download that broke off is gone on with, and how long to wait before.
//
// As long as bytes come in between, for ever: an upstream that drops every connection after some megabytes still gets
// its layer through. Without progress a few times, at growing intervals, spread at random so that the fills that broke
// together do not come back together. Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 (full
// jitter).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace proxy {

class retry_budget {
public:
    static constexpr unsigned max_tries = 5;              // in a row without progress
    static constexpr std::uint64_t progress = 256 * 1024; // bytes; less is none
    static constexpr std::chrono::milliseconds base{200}; // the second wait's upper end; each is twice the one before

    // So many bytes are here. How long to wait before the next try, or that there shall be none. `spread` is a random
    // number from 0 to 1.
    std::optional<std::chrono::milliseconds> next(std::uint64_t received, double spread);

private:
    std::uint64_t last_ = 0; // received when the tries began to count
    unsigned tries_ = 0;
};

} // namespace proxy
