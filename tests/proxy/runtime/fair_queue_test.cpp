#include "proxy/runtime/fair_queue.h"
#include "tests/catch.h"
#include "tests/support/run_io.h"

#include <algorithm>
#include <vector>

using namespace proxy;
using namespace tests;

namespace {

struct queue_bench {
    worker w{0};
    std::shared_ptr<fair_queue> q = std::make_shared<fair_queue>(1);
    std::vector<std::string> turns; // who had a place, in order

    // Takes a place for a moment.
    task<bool> visit(std::string client, deadline d) {
        auto place = co_await q->enter(w, client, d);
        if (!place)
            co_return false;
        turns.push_back(client);
        steady_timer moment(w.executor(), std::chrono::milliseconds(1)); // the others get to the queue
        error_code ignored;
        co_await moment.async_wait(net::redirect_error(use_task, ignored));
        co_return true;
    }

    std::vector<bool> visit_all(std::vector<std::string> const& clients, deadline d) {
        return run_io_all(w, clients.size(), [&](std::size_t i) { return visit(clients[i], d); });
    }
};

deadline ample() {
    return deadline::after(std::chrono::seconds(60));
}

} // namespace

TEST_CASE("clients take turns, each in the order of its own requests") {
    queue_bench t;
    t.visit_all({"a", "a", "a", "a", "b", "c", "b"}, ample());
    CHECK(t.turns == std::vector<std::string>{"a", "a", "b", "c", "a", "b", "a"});
    CHECK(t.q->under_way() == 0);
    CHECK(t.q->waiting() == 0);
}

TEST_CASE("where one client may have so many places, the others are for others, who need not wait for him") {
    queue_bench t;
    t.q = std::make_shared<fair_queue>(3, 2);
    auto const enter = [&](std::string const& client, deadline d) {
        return run_io(t.w, [&] { return t.q->enter(t.w, client, d); });
    };
    auto const at_once = deadline::after(std::chrono::milliseconds(5));
    auto first = enter("a", ample()), second = enter("a", ample());
    REQUIRE(first);
    REQUIRE(second);
    CHECK_FALSE(enter("a", at_once));
    auto other = enter("b", at_once);
    CHECK(other);
    CHECK_FALSE(enter("c", at_once)); // all are taken
    other.reset();
    CHECK(enter("c", at_once));
    first.reset();
    CHECK(enter("a", at_once));
    second.reset();
    t.turns.clear();
    CHECK(t.visit_all({"a", "a", "a", "a", "b"}, ample()) == std::vector<bool>(5, true));
    CHECK(t.turns == std::vector<std::string>{"a", "a", "b", "a", "a"});
    CHECK(t.q->under_way() == 0);
}

TEST_CASE("a place is called back for each who waits and would have it, not where its holder alone waits for more") {
    queue_bench t;
    t.q = std::make_shared<fair_queue>(2, 1);
    auto const enter = [&](std::string const& client) {
        return run_io(t.w, [&] { return t.q->enter(t.w, client, ample()); });
    };
    auto now = steady_clock::now();
    std::vector<std::optional<fair_queue::place>> got(5);
    auto const wait = [&](std::size_t i, std::string const& client, deadline d) {
        net::co_spawn(t.w.executor(), t.q->enter(t.w, client, d),
                      [&got, i](std::exception_ptr, auto place) { got[i] = std::move(place); });
        t.w.context().restart();
        t.w.context().poll();
    };
    auto a = enter("a");
    wait(0, "a", ample());
    CHECK(t.q->waiting() == 1);
    CHECK_FALSE(t.q->call_back(now)); // there is another, for others
    auto b = enter("b");
    CHECK_FALSE(t.q->call_back(now));
    wait(1, "c", ample());
    CHECK(t.q->call_back(now));
    CHECK_FALSE(t.q->call_back(now)); // one is enough for him
    CHECK(&b->queue() == t.q.get());
    b.reset();
    t.w.context().restart();
    t.w.context().poll();
    CHECK(got[1]);
    CHECK_FALSE(t.q->call_back(now));
    wait(2, "d", deadline::after(std::chrono::milliseconds(1)));
    wait(3, "e", ample());
    wait(4, "e", ample()); // may have one
    CHECK(t.q->call_back(now));
    t.w.context().restart();
    t.w.context().run_one(); // its deadline
    t.w.context().poll();
    CHECK(t.q->waiting() == 3);
    CHECK_FALSE(t.q->call_back(now)); // the one that is called back already is for the next
    a.reset();
    t.w.context().restart();
    t.w.context().poll();
    CHECK(t.q->waiting() == 2);
    CHECK(t.q->call_back(now));
    now += std::chrono::seconds(2);
    CHECK_FALSE(t.q->call_back(now));
    now += std::chrono::seconds(2); // others seem to share that one
    CHECK(t.q->call_back(now));
}

TEST_CASE("who waits past his deadline goes without a place, and takes none with him") {
    queue_bench t;
    auto const taken = run_io(t.w, [&] { return t.q->enter(t.w, "a", ample()); });
    REQUIRE(taken);
    CHECK(t.visit_all({"b", "c"}, deadline::after(std::chrono::milliseconds(5))) == std::vector<bool>{false, false});
    CHECK(t.q->waiting() == 0);
    CHECK(t.q->under_way() == 1);
}

TEST_CASE("beyond what can be waited for, the answer is no at once") {
    queue_bench t;
    auto const taken = run_io(t.w, [&] { return t.q->enter(t.w, "a", ample()); });
    std::vector<std::string> const crowd(fair_queue::max_waiting + 10, "b");
    auto const d = deadline::after(std::chrono::milliseconds(200));
    auto const let_in = t.visit_all(crowd, d);
    CHECK(std::ranges::count(let_in, true) == 0);
    CHECK(t.q->waiting() == 0);
}

TEST_CASE("who fills the queue keeps no other client out of it") {
    queue_bench t;
    auto taken = run_io(t.w, [&] { return t.q->enter(t.w, "a", ample()); });
    std::vector<std::string> crowd(fair_queue::max_waiting + 10, "b");
    crowd.push_back("c");
    std::size_t waiting = 0;
    auto leave = [&] {
        waiting = t.q->waiting();
        taken.reset();
    };
    net::post(t.w.executor(), [&] { net::post(t.w.executor(), leave); }); // when all have come
    auto const let_in = t.visit_all(crowd, ample());
    CHECK(waiting == fair_queue::max_waiting + 1);
    CHECK(std::ranges::count(let_in, false) == 10);
    CHECK(let_in.back());
}

TEST_CASE("more places are filled at once") {
    queue_bench t;
    auto taken = run_io(t.w, [&] { return t.q->enter(t.w, "a", ample()); });
    net::post(t.w.executor(), [&] { t.q->resize(2); });
    CHECK(t.visit_all({"b"}, ample()) == std::vector<bool>{true});
    CHECK(t.q->under_way() == 1);
}

TEST_CASE("a queue without a bound lets everybody in") {
    queue_bench t;
    t.q->resize(fair_queue::unlimited);
    CHECK(t.visit_all({"a", "b", "c"}, ample()) == std::vector<bool>{true, true, true});
}
