// Whole servers played at random, as their fuzz target does it: the corpus, and plays for three seconds, always the
// same ones: what a change is refused for must be its own doing.
//
//   LAYERD_PLAY_SECONDS  plays that nobody has seen, for so long
//   LAYERD_PLAY_SEED     this play alone: what a failure names
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/server_play.h"

#include <chrono>
#include <cstdlib>
#include <random>

namespace {

std::string play_of(unsigned seed) {
    std::mt19937 random(seed);
    std::string bytes(random() % 2500 + 20, '\0');
    for (auto& b : bytes)
        b = static_cast<char>(random());
    return bytes;
}

} // namespace

TEST_CASE("the corpus of plays passes its check", "[hostile][play]") {
    fuzz::check_corpus("server", fuzz::play_server);
}

TEST_CASE("whatever clients and an upstream do, nobody gets what is wrong or not his", "[hostile][play]") {
    if (auto const* one = std::getenv("LAYERD_PLAY_SEED")) {
        fuzz::play_server(play_of(static_cast<unsigned>(std::strtoul(one, nullptr, 10))));
        return;
    }
    auto const* set = std::getenv("LAYERD_PLAY_SECONDS");
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(set ? std::atoi(set) : 3);
    std::random_device any;
    unsigned plays = 0;
    for (; std::chrono::steady_clock::now() < until; ++plays) {
        auto const seed = set ? any() : plays + 1;
        INFO("LAYERD_PLAY_SEED=" << seed);
        CHECK_NOTHROW(fuzz::play_server(play_of(seed)));
    }
    CHECK(plays > 0);
    if (set)
        WARN(plays << " plays");
}
