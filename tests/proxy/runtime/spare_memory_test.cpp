#include "proxy/runtime/spare_memory.h"
#include "tests/catch.h"

#include <fstream>
#include <memory>
#include <vector>

#include <malloc.h>

// A sanitizer has its own malloc, which answers none of this.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

std::size_t resident_mebibytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t all = 0;
    std::size_t pages = 0;
    statm >> all >> pages;
    return pages * 4096 / mebibyte;
}

// Blocks as of connections, of which every eighth stays: malloc gives nothing of what is between back by itself.
class flood {
public:
    explicit flood(std::size_t mebibytes) : blocks_(mebibytes * mebibyte / block_size) {
        for (auto& b : blocks_)
            b = std::make_unique<char[]>(block_size); // zeros are written, so each page is there
    }
    void end() {
        for (std::size_t n = 0; n < blocks_.size(); ++n)
            if (n % 8 != 0)
                blocks_[n].reset();
    }

private:
    static constexpr std::size_t block_size = 32 * 1024;
    std::vector<std::unique_ptr<char[]>> blocks_;
};

} // namespace

TEST_CASE("what a flood made malloc take goes back when it is over, also after a second one") {
    ::malloc_trim(0); // what other tests have left
    proxy::spare_memory spare;
    spare.give_back();
    auto const before = resident_mebibytes();
    std::vector<flood> floods; // the second finds the first one's blocks free
    for (int n = 0; n < 2; ++n) {
        floods.emplace_back(96);
        CHECK(resident_mebibytes() > before + 90);
        floods.back().end();
        CHECK(resident_mebibytes() > before + 90); // else there would be nothing to do
        spare.give_back();
        CHECK(resident_mebibytes() < before + 40); // of 12 that stay of each
    }
}

TEST_CASE("memory in use is left alone, and what is free without being much") {
    ::malloc_trim(0); // what other tests have left
    proxy::spare_memory spare;
    spare.give_back();
    flood f(96);
    auto const before = resident_mebibytes();
    spare.give_back();
    CHECK(resident_mebibytes() + 2 > before);
    flood little(8);
    auto const with_little = resident_mebibytes();
    little.end();
    spare.give_back();
    CHECK(resident_mebibytes() + 2 > with_little);
}

#endif
