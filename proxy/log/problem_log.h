// The last warnings and errors, for who looks at the dashboard and not at the log.
#pragma once

#include <spdlog/sinks/sink.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace proxy {

struct logged_problem {
    std::int64_t time = 0; // Unix seconds
    std::string level;     // "warn", "error", "fatal"
    std::string message;   // escaped and cut, as in the log
};

inline constexpr std::size_t problems_kept = 50;

// Where they go; one for the process.
spdlog::sink_ptr problem_sink();

// The latest first. Any thread.
std::vector<logged_problem> recent_problems();

} // namespace proxy
