#include "proxy/fill/retry_budget.h"
#include "tests/catch.h"

#include <vector>

using proxy::retry_budget;
using std::chrono::milliseconds;

TEST_CASE("without progress a download is tried again at once, then at growing intervals, then no more") {
    retry_budget b;
    std::vector<milliseconds> waits;
    while (auto const wait = b.next(1000, 1.0))
        waits.push_back(*wait);
    CHECK(waits ==
          std::vector{milliseconds(0), milliseconds(200), milliseconds(400), milliseconds(800), milliseconds(1600)});
}

TEST_CASE("waits are spread at random from nothing to their upper end") {
    retry_budget b;
    CHECK(b.next(0, 0.5) == milliseconds(0));
    CHECK(b.next(0, 0.5) == milliseconds(100));
    CHECK(b.next(0, 0.0) == milliseconds(0));
}

TEST_CASE("bytes that came in between begin the count anew, a few of them do not") {
    retry_budget b;
    std::uint64_t received = 0;
    for (unsigned i = 0; i < 100; ++i, received += retry_budget::progress)
        CHECK(b.next(received, 1.0) == milliseconds(0));
    unsigned tries = 0;
    while (tries < 100 && b.next(++received, 0.0))
        ++tries;
    CHECK(tries == retry_budget::max_tries);
}
