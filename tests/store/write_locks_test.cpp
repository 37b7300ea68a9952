// What the locks of an index keep apart: writers of one name, and who holds all of them from everybody.
#include "store/write_locks.h"
#include "tests/catch.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace {

using store::write_locks;

std::vector<oci::digest> digests(int n) {
    std::vector<oci::digest> made;
    for (int i = 0; i < n; ++i)
        made.push_back(oci::digest::of(std::to_string(i)));
    return made;
}

// Runs every one `rounds` times, each in a thread. A count of them that is kept without atomics comes out whole, and
// unreported by TSan, only if they exclude each other.
template <class... F>
void together(int rounds, F const&... each) {
    std::vector<std::thread> threads;
    (threads.emplace_back([&each, rounds] {
        for (int i = 0; i < rounds; ++i)
            each();
    }),
     ...);
    for (auto& t : threads)
        t.join();
}

} // namespace

TEST_CASE("writers of one name exclude each other, however they name it") {
    write_locks locks;
    auto const d = digests(3);
    int count = 0;
    together(
        2000,
        [&] {
            auto const held = locks.hold(d[1]);
            ++count;
        },
        [&] {
            auto const held = locks.hold(std::vector{d[2], d[1]});
            ++count;
        },
        [&] {
            std::vector<std::string> const keys{"a/tag"};
            auto const held = locks.hold(std::vector{d[1], d[0]}, keys);
            ++count;
        });
    CHECK(count == 6000);
}

TEST_CASE("who holds all locks excludes every other writer") {
    write_locks locks;
    auto const d = digests(2);
    int of_first = 0;
    int of_second = 0;
    together(
        2000,
        [&] {
            auto const held = locks.hold(d[0]);
            ++of_first;
        },
        [&] {
            auto const held = locks.hold_key("a/tag");
            ++of_second;
        },
        [&] {
            auto const held = locks.hold_all();
            ++of_first;
            ++of_second;
        });
    CHECK(of_first == 4000);
    CHECK(of_second == 4000);
}

TEST_CASE("a set of very many names excludes as one of few does") {
    write_locks locks;
    auto const d = digests(2000); // of every lock some
    int count = 0;
    together(
        500,
        [&] {
            auto const held = locks.hold(d);
            ++count;
        },
        [&] {
            auto const held = locks.hold(d[7]);
            ++count;
        });
    CHECK(count == 1000);
}

TEST_CASE("all locks are got while other writers come and go without a pause") {
    write_locks locks;
    auto const d = digests(4);
    std::atomic<bool> over = false;
    std::vector<std::thread> others;
    for (auto const& each : d)
        others.emplace_back([&] {
            while (!over) {
                auto const held = locks.hold(each);
            }
        });
    for (int i = 0; i < 200; ++i) {
        auto const held = locks.hold_all();
    }
    over = true;
    for (auto& t : others)
        t.join();
    SUCCEED("it ended");
}
