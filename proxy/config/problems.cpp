#include "proxy/config/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace proxy {

void problem_list::add(std::size_t line, std::string message) {
    // Messages quote the file, which may hold anything; a terminal shows them.
    for (char& c : message)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            c = '?';
    constexpr std::size_t most = 600;
    if (message.size() > most)
        message.replace(most, std::string::npos, "...");

    auto const same = [&](config_problem const& p) { return p.line == line && p.message == message; };
    if (problems_.size() < max_problems && std::none_of(problems_.begin(), problems_.end(), same))
        problems_.push_back({line, std::move(message)});
}

std::vector<config_problem> problem_list::take() {
    std::stable_sort(problems_.begin(), problems_.end(),
                     [](config_problem const& a, config_problem const& b) { return a.line < b.line; });
    return std::move(problems_);
}

void throw_exception_from_error(std::vector<config_problem> const& p, boost::source_location const& where) {
    auto const first = p.empty() ? std::string("unknown problem") : p.front().message;
    throw std::logic_error(
        fmt::format("{}:{}: configuration used without a check: {}", where.file_name(), where.line(), first));
}

} // namespace proxy
