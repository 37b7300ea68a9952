#include "proxy/fill/range_rule.h"
#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t room = 256 * 1024, plenty = 1ull << 30;

struct connection {
    explicit connection(std::chrono::milliseconds first_byte) : watched(rule, first_byte, now) {}

    // Reads of `bytes` each, one every `every`, for `time`. True: more connections would pay.
    bool reads(std::uint64_t bytes, std::chrono::milliseconds every, std::chrono::milliseconds time,
               std::uint64_t left = plenty) {
        bool slow = false;
        for (auto const until = now + time; now < until;) {
            now += every;
            slow = watched.is_slow(bytes, room, left, now) || slow;
        }
        return slow;
    }

    range_rule rule;
    range_rule::clock::time_point now{1h};
    pace watched;
};

} // namespace

TEST_CASE("a far connection of 20 MB/s gets company, one of 200 MB/s does not") {
    CHECK(connection(40ms).reads(20'000, 1ms, 1000ms));
    CHECK_FALSE(connection(40ms).reads(200'000, 1ms, 1000ms));
}

TEST_CASE("a slow connection to a registry near by gets none") {
    CHECK_FALSE(connection(2ms).reads(20'000, 1ms, 1000ms));
}

TEST_CASE("a hiccup is not slowness") {
    connection c(40ms);
    CHECK_FALSE(c.reads(200'000, 1ms, 150ms));
    CHECK_FALSE(c.reads(10'000, 150ms, 150ms));
    CHECK_FALSE(c.reads(200'000, 1ms, 150ms));
}

TEST_CASE("bytes that wait for us come no faster over more connections") {
    CHECK_FALSE(connection(40ms).reads(room, 20ms, 1000ms));
}

TEST_CASE("a connection that becomes slow gets company then, but not close to its end") {
    connection c(40ms);
    CHECK_FALSE(c.reads(200'000, 1ms, 1000ms));
    CHECK_FALSE(c.reads(20'000, 1ms, 1000ms, 10'000'000));
    CHECK(c.reads(20'000, 1ms, 1000ms));
}
