// Whose account is used up: a registry counts the pulls of one account against that account alone, so a client that has
// none left must not keep the others from theirs. Token servers count likewise.
#pragma once

#include "proxy/runtime/clock.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace proxy {

// Any thread.
class login_limits {
public:
    static constexpr std::size_t max_size = 4096; // beyond, who may come back first is forgotten
    static constexpr std::chrono::seconds guess{60};

    explicit login_limits(clock_source now) : now_(std::move(now)) {}

    // How long it is not to be asked in this name; 0: it may be.
    std::chrono::seconds left(std::string const& who) const;

    // It has said that there is nothing left for `wait`, if it said how long. What the client may be told to
    // wait.
    std::chrono::seconds rest(std::string const& who, std::optional<std::chrono::seconds> wait);

private:
    clock_source const now_;
    mutable std::mutex mutex_;                              // guards until_
    std::map<std::string, steady_clock::time_point> until_; // by who it is
};

} // namespace proxy
