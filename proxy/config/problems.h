// Everything that is wrong with a file, in the order of its lines.
#pragma once

#include "proxy/config/config.h"

#include <cstddef>
#include <string>
#include <vector>

namespace proxy {

class problem_list {
public:
    // More than these are not worth reading; they come from the wrong file, not from mistakes.
    static constexpr std::size_t max_problems = 100;

    // Saying the same of the same line again adds nothing.
    void add(std::size_t line, std::string message);
    bool empty() const noexcept { return problems_.empty(); }
    std::vector<config_problem> take(); // sorted by line

private:
    std::vector<config_problem> problems_;
};

} // namespace proxy
