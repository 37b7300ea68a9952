// An upstream that may be asked so many things at once, and clients that want more: each client has its turn.
#include "tests/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/mirror.h"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <list>

using namespace tests;

namespace {

// A greedy client that wants many things, and a modest one that wants one thing, after it.
struct two_clients : mirror {
    two_clients() { settings.upstreams[0].max_requests = 1; }
    ~two_clients() { origin.go_down(); }

    std::int64_t waiting() const {
        auto const all = boost::json::parse(http_get(server->admin_port(), "/api/v1/upstreams").body);
        return all.at_pointer("/upstreams/0/waiting").as_int64();
    }
    void ask(char const* from, std::string const& path) { clients.emplace_back(server->port(), from).send_get(path); }
    // `paths` are the greedy one's but for the last. At which place upstream is asked for that; the first place is
    // taken when it comes.
    std::size_t place_of_the_modest(std::vector<std::string> const& paths) {
        start();
        for (auto const& p : paths)
            origin.on("GET", p).reply(reply(200).body("{}").hold_head(flow));
        ask("127.0.0.2", paths.front());
        REQUIRE(origin.wait_for(paths.front(), 1));
        for (std::size_t i = 1; i < paths.size(); ++i) {
            ask(i + 1 < paths.size() ? "127.0.0.2" : "127.0.0.3", paths[i]);
            REQUIRE(eventually([&] { return waiting() == static_cast<std::int64_t>(i); }));
        }
        flow->open();
        for (auto const& p : paths)
            REQUIRE(origin.wait_for(p, 1));
        auto const all = origin.requests();
        auto const it = std::ranges::find(all, paths.back(), &recorded_request::path);
        return static_cast<std::size_t>(it - all.begin());
    }

    std::shared_ptr<gate> flow = gate::closed();
    std::list<http_client> clients;
};

template <class F>
std::vector<std::string> five(F path) {
    std::vector<std::string> out;
    for (unsigned i = 0; i < 5; ++i)
        out.push_back(path(i));
    return out;
}

} // namespace

TEST_CASE("who wants many blobs keeps others waiting for one of them") {
    two_clients m;
    auto const blobs = five([](unsigned i) { return "/v2/library/a/blobs/" + digest_of(std::to_string(i)); });
    CHECK(m.place_of_the_modest(blobs) <= 2);
}

TEST_CASE("who holds many downloads keeps none of the others' places") {
    mirror m;
    m.settings.upstreams[0].max_requests = 32; // of one client 24
    auto const flow = gate::closed();
    auto const at = [](unsigned n) { return "/v2/library/a/blobs/" + digest_of(std::to_string(n)); };
    for (unsigned n = 0; n < 33; ++n) {
        auto answer = reply(200).body(std::to_string(n));
        m.origin.on("GET", at(n)).reply(n < 32 ? answer.hold_body(flow) : answer);
    }
    m.start();
    std::list<http_client> greedy;
    for (unsigned n = 0; n < 32; ++n)
        greedy.emplace_back(m.server->port(), "127.0.0.2").send_get(at(n));
    REQUIRE(eventually([&] { return m.origin.requests().size() == 24; }));
    CHECK(http_client(m.server->port(), "127.0.0.3").get(at(32)).body == "32");
    CHECK(m.origin.requests().size() == 25);
    flow->open();
    for (auto& c : greedy)
        CHECK(c.read_raw_until("\r\n\r\n").substr(0, 12) == "HTTP/1.1 200");
}

TEST_CASE("who wants many lists keeps others waiting for one of them") {
    two_clients m;
    auto const lists = five([](unsigned i) { return "/v2/library/a" + std::to_string(i) + "/tags/list"; });
    CHECK(m.place_of_the_modest(lists) <= 2);
}
