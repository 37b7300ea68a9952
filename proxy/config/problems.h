// Everything that is wrong with a file, in the order of its lines.
#pragma once

#include "proxy/config/config.h"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// The keys that the readers of a file asked for, by the head of their section as messages have it: "[server]",
// "[[access.rule]]"; "" is the file itself. Of several spellings, ours.
using key_table = std::map<std::string, std::set<std::string>, std::less<>>;

// Those of the sections that stand in this file, right or not: what a document of the keys is compared with.
key_table known_keys(std::string_view text);

class problem_list {
public:
    // More than these are not worth reading; they come from the wrong file, not from mistakes.
    static constexpr std::size_t max_problems = 100;

    // Saying the same of the same line again adds nothing.
    void add(std::size_t line, std::string message);
    bool empty() const noexcept { return problems_.empty(); }
    std::vector<config_problem> take(); // sorted by line

    // No problem yet: a section's reader asks for that key.
    void note_key(std::string const& section, std::string_view key) { keys_[section].emplace(key); }
    key_table const& keys() const noexcept { return keys_; }

private:
    std::vector<config_problem> problems_;
    key_table keys_;
};

} // namespace proxy
