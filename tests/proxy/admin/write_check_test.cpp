#include "proxy/admin/write_check.h"
#include "tests/catch.h"

#include <future>

using namespace proxy;
using namespace std::chrono_literals;

namespace {

struct counted_writes {
    int n = 0;
    store::result<void> next;
    write_check check{[this] {
        ++n;
        return next;
    }};
};

steady_clock::time_point const start{};

} // namespace

TEST_CASE("the store is written to at most once a second, however many ask whether it can be") {
    counted_writes w;
    for (auto const at : {0ms, 1ms, 500ms, 999ms})
        CHECK_FALSE(w.check.look(start + at));
    CHECK(w.n == 1);
    CHECK_FALSE(w.check.look(start + 1s));
    CHECK(w.n == 2);
}

TEST_CASE("what is wrong is told for a second, and no longer than it is wrong") {
    counted_writes w;
    w.next = store::error{store::errc::io, "no space left"};
    CHECK(w.check.look(start) == "no space left");
    w.next = {};
    CHECK(w.check.look(start + 999ms) == "no space left");
    CHECK_FALSE(w.check.look(start + 1s));
}

TEST_CASE("who asks while another one writes gets the last answer, and the truth once that takes too long") {
    std::promise<void> begun, end;
    write_check check{[&]() -> store::result<void> {
        begun.set_value();
        end.get_future().wait();
        return {};
    }};
    auto first = std::async(std::launch::async, [&] { return check.look(start); });
    begun.get_future().wait();
    CHECK_FALSE(check.look(start + 2s));
    CHECK(check.look(start + 5s) == "a write takes more than 5 seconds");
    end.set_value();
    CHECK_FALSE(first.get());
    CHECK_FALSE(check.look(start + 500ms));
}
