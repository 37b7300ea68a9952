// Every seed of a fuzz corpus through the check of its fuzz target, so that the checks run with every compiler and
// every `make test`.
#pragma once

#include "tests/catch.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace fuzz {

inline void check_corpus(std::string const& name, void (*check)(std::string_view)) {
    std::size_t seeds = 0;
    for (auto const& entry : std::filesystem::directory_iterator(std::filesystem::path(LAYERD_CORPUS) / name)) {
        std::ifstream file(entry.path(), std::ios::binary);
        std::string const input{std::istreambuf_iterator<char>(file), {}};
        INFO(entry.path().string());
        CHECK_NOTHROW(check(input));
        ++seeds;
    }
    CHECK(seeds >= 10); // a corpus that is not found must not pass
}

} // namespace fuzz
