#include "proxy/fill/range_rule.h"

namespace proxy {

bool pace::is_slow(std::uint64_t bytes, std::uint64_t room, std::uint64_t left, range_rule::clock::time_point now) {
    bytes_ += bytes;
    ++reads_;
    full_reads_ += bytes == room;
    if (now - since_ < rule_.look)
        return false;
    std::chrono::duration<double> const taken = now - since_;
    bool const slow = static_cast<double>(bytes_) < static_cast<double>(rule_.slow) * taken.count();
    bool const waited_for_us = 2 * full_reads_ > reads_;
    slow_looks_ = slow && !waited_for_us ? slow_looks_ + 1 : 0;
    since_ = now;
    bytes_ = 0;
    reads_ = full_reads_ = 0;
    return is_far_ && slow_looks_ >= rule_.looks && left >= 2 * rule_.window;
}

} // namespace proxy
