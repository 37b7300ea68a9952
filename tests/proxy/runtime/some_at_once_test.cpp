#include "proxy/runtime/jitter.h"
#include "proxy/runtime/some_at_once.h"
#include "tests/catch.h"

#include <numeric>
#include <vector>

using namespace proxy;

namespace {

struct counted {
    worker home{0};
    std::vector<std::size_t> done;
    std::size_t running = 0, most = 0;

    void run(std::size_t n, std::size_t limit) {
        spawn(home.executor(), "test", [this, n, limit]() -> task<void> {
            auto one = [this](std::size_t i) -> task<void> {
                most = std::max(most, ++running);
                co_await wait_for(milliseconds(i % 3));
                --running;
                done.push_back(i);
            };
            co_await some_at_once(home, n, limit, one);
            CHECK(running == 0);
            CHECK(done.size() == n);
        });
        home.context().run();
    }
};

} // namespace

TEST_CASE("each is done once, and never more at a time than may be") {
    counted c;
    c.run(20, 3);
    CHECK(c.most == 3);
    std::sort(c.done.begin(), c.done.end());
    std::vector<std::size_t> all(20);
    std::iota(all.begin(), all.end(), 0);
    CHECK(c.done == all);
}

TEST_CASE("nothing to do is done at once") {
    counted c;
    c.run(0, 3);
    CHECK(c.most == 0);
}

TEST_CASE("one that throws keeps the others from nothing") {
    worker home(0);
    std::size_t done = 0;
    bool ended = false;
    spawn(home.executor(), "test", [&]() -> task<void> {
        auto one = [&](std::size_t i) -> task<void> {
            co_await wait_for(milliseconds(1));
            if (i == 0)
                throw std::runtime_error("one of many");
            ++done;
        };
        co_await some_at_once(home, 5, 2, one);
        ended = true;
    });
    home.context().run();
    CHECK(ended);
    CHECK(done == 4);
}
