// Whether the store can be written, found out by writing to it. Whoever asks needs no login, so it is written to at
// most once a second, by one at a time, however many ask.
#pragma once

#include "proxy/runtime/net.h"
#include "store/error.h"

#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace proxy {

class write_check {
public:
    static constexpr seconds holds{1};    // what was found out
    static constexpr seconds patience{5}; // with a write; the disk hangs then

    // `write` is called on the thread of whoever asks, and may block.
    explicit write_check(std::function<store::result<void>()> write) : write_(std::move(write)) {}

    // What is wrong, if anything. One who asks when the last answer is a second old blocks until he knows; others get
    // that last answer. Before there is one nothing is wrong: the store was opened. Any thread.
    std::optional<std::string> look(steady_clock::time_point now);

private:
    std::function<store::result<void>()> write_;
    std::mutex mutex_; // guards all below
    std::optional<std::string> problem_;
    std::optional<steady_clock::time_point> begun_; // the last write
    bool is_writing_ = false;
};

} // namespace proxy
