// That what happens beside requests gets into the history, the last moments too.
#include "proxy/stats/history_keeper.h"

#include "store/content_store.h"
#include "tests/catch.h"
#include "tests/support/running_server.h"

using namespace proxy;

TEST_CASE("what came back after it had gone is counted from when the history is kept") {
    constexpr std::int64_t now = 20'000 * 86'400;
    tests::temp_folder folder;
    store::options o;
    o.path = folder.path();
    auto const store = store::content_store::open(std::move(o)).value();
    history h(store->series(), history_limits(), now, [] { return storage_sample(); });
    stats counts(1);
    std::atomic<std::uint64_t> returned = 5;
    auto const sum = [&] { return store_counters{{returned, returned * 100}, returned * 2}; };
    { // its end is a last look
        history_keeper const keeper(h, counts, [] { return now; }, sum, {});
        returned = 8;
    }
    traffic all;
    auto const add = [&](std::int64_t, std::string_view, traffic const& t) {
        all += t;
        return true;
    };
    REQUIRE(h.read(dimension::all, now - 60, now + 60, 60, add));
    CHECK(all.returned_objects == 3);
    CHECK(all.returned_bytes == 300);
    CHECK(all.integrity_failures == 6);
}
