// Waiting for what cannot be cancelled, no longer than the deadline.
#include "proxy/runtime/event.h"

#include "proxy/upstream/resolver.h"
#include "tests/catch.h"
#include "tests/support/run_io.h"

#include <boost/asio/post.hpp>

using proxy::deadline;
using proxy::milliseconds;

TEST_CASE("a wait ends with the event, for all who wait") {
    proxy::worker w{0};
    proxy::event happened;
    auto const seen = tests::run_io_all(w, 3, [&](std::size_t i) {
        if (i == 2)
            proxy::net::post(w.context(), [&] { happened.set(); });
        return happened.wait(w.executor(), deadline::after(std::chrono::hours(1)));
    });
    CHECK(seen == std::vector<bool>{true, true, true});
}

TEST_CASE("a wait ends with the deadline when nothing happens") {
    proxy::worker w{0};
    proxy::event never;
    CHECK_FALSE(tests::run_io(w, [&] { return never.wait(w.executor(), deadline::after(milliseconds(10))); }));
}

TEST_CASE("a wait for what has happened ends at once") {
    proxy::worker w{0};
    proxy::event happened;
    happened.set();
    CHECK(tests::run_io(w, [&] { return happened.wait(w.executor(), deadline(proxy::steady_clock::now())); }));
}

TEST_CASE("names and addresses are resolved, together and from memory") {
    proxy::worker w{0};
    auto now = proxy::steady_clock::now();
    proxy::resolver names(w.executor(), [&] { return now; });
    auto find = [&](std::string host) {
        return names.find(std::move(host), 80, deadline::after(std::chrono::seconds(20)));
    };

    auto const together = tests::run_io_all(w, 4, [&](std::size_t) { return find("localhost"); });
    for (auto const& r : together)
        CHECK(r.value().front().address().is_loopback());
    for (auto const* literal : {"127.0.0.1", "::1"}) {
        auto const found = tests::run_io(w, [&] { return find(literal); });
        CHECK(found.value().front().address().to_string() == literal);
        CHECK(found.value().front().port() == 80);
    }
    now += proxy::resolver::time_to_live;
    CHECK(tests::run_io(w, [&] { return find("localhost"); }));
}
