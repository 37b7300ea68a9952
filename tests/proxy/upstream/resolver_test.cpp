// Lookups that take long, and what is known meanwhile.
#include "proxy/upstream/resolver.h"

#include "proxy/runtime/event.h"
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"

#include <map>
#include <string>

using namespace tests;
using namespace std::chrono_literals;
using proxy::deadline;

namespace {

using addresses = proxy::result<std::vector<boost::asio::ip::address>>;

// Name servers that answer at once, or for some names only when the test says so.
struct slow_names {
    proxy::host_lookup source() {
        return [this](std::string host) { return look_up(std::move(host)); };
    }

    proxy::task<addresses> look_up(std::string host) {
        asked.push_back(host);
        if (answering.contains(host))
            co_await answering[host]->wait(w.executor(), deadline::after(upstream_bench::ample));
        std::vector const all{boost::asio::ip::make_address("127.0.0.1")};
        co_return all;
    }

    void hold(std::string const& host) { answering[host] = std::make_unique<proxy::event>(); }

    // Lets all go on, and waits for it.
    void end() {
        for (auto& [host, e] : answering)
            e->set();
        w.context().restart();
        w.context().run();
    }

    proxy::worker& w;
    std::map<std::string, std::unique_ptr<proxy::event>> answering{};
    std::vector<std::string> asked{};
};

struct resolver_bench {
    auto find(std::string host, proxy::milliseconds within = 60s) {
        return run_io(w, [&] { return names.find(host, 80, deadline::after(within)); });
    }

    proxy::worker w{0};
    slow_names servers{w};
    proxy::steady_clock::time_point now{1000h};
    proxy::resolver names{w.executor(), [this] { return now; }, servers.source()};
};

} // namespace

TEST_CASE("an upstream whose name is no longer answered for is found where it was, in time to ask it") {
    scripted_origin origin;
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {{"Connection", "close"}}, "x");
    upstream_bench t;
    slow_names servers{t.worker};
    t.config.endpoints = {origin.endpoint("r.example.org")};
    t.config.connect_timeout = 1900ms; // half of it is less than the resolver's patience
    t.around.look_up = servers.source();
    REQUIRE(t.fetch("blobs/x"));
    servers.hold("r.example.org");
    t.now += proxy::resolver::time_to_live;
    auto const got = t.fetch("blobs/x");
    servers.end();
    CHECK(got.value().body == "x");
    CHECK(servers.asked.size() == 2);
}

TEST_CASE("old addresses are waited for once, and a late answer makes them new") {
    resolver_bench t;
    REQUIRE(t.find("a"));
    t.now += proxy::resolver::time_to_live;
    t.servers.hold("a");
    auto const begin = proxy::steady_clock::now();
    CHECK(t.find("a"));
    CHECK(proxy::steady_clock::now() - begin >= proxy::resolver::patience);
    CHECK(t.find("a", 0ms)); // by the same lookup
    CHECK(t.servers.asked.size() == 2);
    t.servers.end();
    CHECK(t.find("a", 0ms));
    CHECK(t.servers.asked.size() == 2);
}

TEST_CASE("a name without old addresses is waited for as long as there is time") {
    resolver_bench t;
    t.servers.hold("a");
    CHECK(t.find("a", 20ms).error().status == 504);
    t.servers.end();
    CHECK(t.find("a", 0ms));
}

TEST_CASE("of one resolver one lookup is under way at a time, so that others have their turn") {
    resolver_bench t;
    t.servers.hold("a");
    auto const none = run_io_all(t.w, 3, [&](std::size_t i) {
        return t.names.find(std::string(1, static_cast<char>('a' + i)), 80, deadline::after(20ms));
    });
    for (auto const& n : none)
        CHECK(n.error().status == 504);
    CHECK(t.servers.asked == std::vector<std::string>{"a"});
    t.servers.end();
    CHECK(t.servers.asked == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("names beyond the bound are refused at once, but for those that are known") {
    resolver_bench t;
    REQUIRE(t.find("old"));
    t.now += proxy::resolver::time_to_live;
    t.servers.hold("0");
    for (std::size_t i = 0; i < proxy::resolver::max_lookups; ++i)
        CHECK(t.find(std::to_string(i), 0ms).error().status == 504);
    CHECK(t.find("one more").error().status == 503);
    CHECK(t.find("old"));
    t.servers.end();
    CHECK(t.find("one more"));
}
