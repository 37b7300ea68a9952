// What a replay found, for people and for programs.
#pragma once

#include "bench/replay/contenders.h"
#include "bench/replay/trace.h"

#include <array>
#include <string>
#include <vector>

namespace replay {

struct at_size {
    double percent = 0; // of the footprint
    std::uint64_t bytes = 0;
    std::array<outcome, std::size(all_contenders)> outcomes; // in their order
};

struct report {
    std::string title;
    trace_summary summary;
    std::vector<at_size> sizes;
};

std::string to_table(report const& r);
std::string to_json(report const& r);

} // namespace replay
