// The fills that run, as an operator is shown them.
#pragma once

#include "proxy/fill/fill_table.h"

#include <cstdint>
#include <string>
#include <vector>

namespace proxy {

struct fill_status {
    std::string digest;
    std::string upstream;
    std::uint64_t received = 0;
    std::uint64_t total = 0; // 0: not known yet
    unsigned followers = 0;
    double seconds = 0;
};

// Any thread.
std::vector<fill_status> status_of(fill_table const& fills);

} // namespace proxy
