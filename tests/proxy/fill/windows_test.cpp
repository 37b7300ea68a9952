#include "proxy/fill/windows.h"
#include "tests/catch.h"

using proxy::windows;
using step = windows::next_step;

namespace {

constexpr std::uint64_t size = 1050; // eleven windows, the last of 50 bytes

struct table : windows {
    table() : windows(size, 100) {}

    void put(std::size_t index, std::uint64_t bytes) {
        REQUIRE(begin_write(index));
        end_write(index, bytes);
    }
};

} // namespace

TEST_CASE("alone, the fill fetches window after window") {
    table t;
    CHECK(t.next(0, true).what == step::fetch);
    CHECK(t.next(0, true).bytes == 100);
    CHECK(t.free_until(0) == size);
    CHECK(t.next(130, true).bytes == 70);
    CHECK(t.next(1000, true).bytes == 50);
    CHECK_FALSE(t.claim());
}

TEST_CASE("windows are given out in order, each once, and none that the fill has passed") {
    table t;
    t.next(250, true);
    t.spread();
    for (std::size_t index = 3; index < 11; ++index) {
        auto const w = t.claim();
        REQUIRE(w);
        CHECK(w->index == index);
        CHECK(w->first == index * 100);
        CHECK(w->end == std::min<std::uint64_t>(size, index * 100 + 100));
    }
    CHECK_FALSE(t.claim());
    CHECK_FALSE(t.anything_to_claim());
}

TEST_CASE("the fill takes in what others brought as far as it has come, and waits for more of it") {
    table t;
    t.next(0, true);
    t.spread();
    t.claim();
    t.put(1, 60);
    CHECK(t.next(100, true).what == step::take_in);
    CHECK(t.next(100, true).bytes == 60);
    CHECK(t.next(160, false).what == step::wait);
    t.put(1, 40);
    CHECK(t.next(160, false).bytes == 40);
}

TEST_CASE("a window of which nothing has come is taken back by a fill that is connected, and by no other") {
    table t;
    t.next(0, true);
    t.spread();
    t.claim();
    CHECK(t.next(100, false).what == step::wait);
    CHECK(t.next(100, true).what == step::fetch);
    CHECK_FALSE(t.begin_write(1));
}

TEST_CASE("a window that is being written to is not taken back") {
    table t;
    t.next(0, true);
    t.spread();
    t.claim();
    REQUIRE(t.begin_write(1));
    CHECK(t.next(100, true).what == step::wait);
    t.end_write(1, 10);
    CHECK(t.next(100, true).what == step::take_in);
}

TEST_CASE("a window that was given up is the fill's from where it ends") {
    table t;
    t.next(0, true);
    t.spread();
    t.claim();
    t.put(1, 30);
    t.give_up(1);
    CHECK(t.next(100, true).what == step::fetch); // a connection that is there is not given up for so little
    CHECK(t.next(100, false).bytes == 30);
    auto const next = t.next(130, false);
    CHECK(next.what == step::fetch);
    CHECK(next.bytes == 70);
}

TEST_CASE("a connection of the fill's own is opened up to what others have or will bring") {
    table t;
    t.next(0, true);
    REQUIRE(t.want(500));
    t.claim();
    CHECK(t.free_until(20) == 500);
    t.spread();
    CHECK(t.free_until(20) == 100);
    t.stop();
    CHECK(t.free_until(20) == 500);
}

TEST_CASE("a wanted window is given out first, whether or not the others are") {
    table t;
    t.next(0, true);
    CHECK(t.want(750));
    CHECK(t.claim()->index == 7);
    CHECK(t.want(750)); // on its way
    CHECK(t.readable(750) == 0);
    t.put(7, 80);
    CHECK(t.readable(750) == 30);
    CHECK_FALSE(t.claim());
}

TEST_CASE("what the fill is about to fetch itself is promised to nobody") {
    table t;
    t.next(250, true);
    CHECK_FALSE(t.want(120));
    CHECK_FALSE(t.want(299));
    CHECK_FALSE(t.want(2000));
    CHECK_FALSE(t.want(300)); // soon
    REQUIRE(t.want(400));
    auto const seen = t.progress().get().version;
    t.next(400, true);
    CHECK(t.progress().get().version != seen); // who waits for it learns that
    CHECK_FALSE(t.want(410));
}

TEST_CASE("not more than so many windows are wanted at a time") {
    windows t(10'000, 100);
    t.next(0, true);
    for (std::uint64_t i = 2; i < 2 + windows::wanted_max; ++i)
        CHECK(t.want(i * 100));
    CHECK_FALSE(t.want(5000));
    CHECK(t.want(200)); // is already
}

TEST_CASE("after the end nothing is given out") {
    table t;
    t.next(0, true);
    t.spread();
    t.want(500);
    t.stop();
    CHECK_FALSE(t.claim());
    CHECK_FALSE(t.want(700));
    CHECK_FALSE(t.spreading());
}
