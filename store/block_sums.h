// XXH3 of every 1 MiB block of a file, taken while it is written: cheap to check later (ten times the speed of
// SHA-256), and they say which block of a large file has rotted.
#pragma once

#include "store/blob_file.h"
#include "store/error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace store {

inline constexpr std::size_t sum_block_bytes = 1024 * 1024;

class block_summer {
public:
    block_summer();
    block_summer(block_summer&&) noexcept;
    ~block_summer();

    void update(std::span<std::byte const> data);
    std::vector<std::uint64_t> finish(); // of every block, the last one mostly shorter; call once

private:
    struct state;
    std::unique_ptr<state> state_;
};

std::uint64_t sum_of_block(std::span<std::byte const> block);

// Whether the whole of `file` has these sums; reads all of it.
result<bool> matches(blob_file const& file, std::span<std::uint64_t const> sums);

} // namespace store
