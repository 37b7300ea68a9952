#include "store/block_sums.h"

#include <algorithm>
#include <xxhash.h>

namespace store {

struct block_summer::state {
    struct free_state {
        void operator()(XXH3_state_t* s) const noexcept { XXH3_freeState(s); }
    };
    std::unique_ptr<XXH3_state_t, free_state> hash{XXH3_createState()};
    std::size_t in_block = 0;
    std::vector<std::uint64_t> sums;

    state() { XXH3_64bits_reset(hash.get()); }

    void end_block() {
        sums.push_back(XXH3_64bits_digest(hash.get()));
        XXH3_64bits_reset(hash.get());
        in_block = 0;
    }
};

block_summer::block_summer() : state_(std::make_unique<state>()) {}
block_summer::block_summer(block_summer&&) noexcept = default;
block_summer::~block_summer() = default;

void block_summer::update(std::span<std::byte const> data) {
    auto& s = *state_;
    while (!data.empty()) {
        auto const n = std::min(data.size(), sum_block_bytes - s.in_block);
        XXH3_64bits_update(s.hash.get(), data.data(), n);
        s.in_block += n;
        data = data.subspan(n);
        if (s.in_block == sum_block_bytes)
            s.end_block();
    }
}

std::vector<std::uint64_t> block_summer::finish() {
    if (state_->in_block > 0)
        state_->end_block();
    return std::move(state_->sums);
}

std::uint64_t sum_of_block(std::span<std::byte const> block) {
    return XXH3_64bits(block.data(), block.size());
}

result<bool> matches(blob_file const& file, std::span<std::uint64_t const> sums) {
    std::vector<std::byte> block(sum_block_bytes);
    std::uint64_t offset = 0;
    for (auto const expected : sums) {
        auto const n = file.read(offset, block);
        if (!n)
            return n.error();
        if (*n == 0 || sum_of_block(std::span(block).first(*n)) != expected)
            return false;
        offset += *n;
    }
    return offset == file.size();
}

} // namespace store
