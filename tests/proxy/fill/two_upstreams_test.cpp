// What one upstream sends for a digest is that upstream's word until the digest is known: no client of another sees it.
#include "tests/catch.h"
#include "tests/support/mirror.h"

#include <atomic>

using namespace tests;

namespace {

// Two registries with one blob, each at its own origin: docker.io, which is honest, and ghcr.io, which need not be.
struct two_upstreams : mirror {
    two_upstreams() {
        for (auto& u : settings.upstreams)
            u.hedge_after = std::chrono::milliseconds(0);
        settings.upstreams[1].endpoints = {other.endpoint()};
    }
    ~two_upstreams() { // their threads read what is here
        origin.go_down();
        other.go_down();
    }

    scripted_route at_origin() { return origin.on("GET", path_at_origin); }
    scripted_route at_other() { return other.on("GET", path_at_other); }
    // Begins the download there; what of it has come is what `flow` lets through.
    void begin_at_other(http_client& c, std::string const& body) {
        at_other().reply(reply(200).body(body).hold_body(flow));
        c.send_get(path_of_other);
        CHECK(c.read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
    }
    std::size_t asked() const { return origin.count("GET", path_at_origin); }
    bool comes_whole(std::string const& target) const {
        auto const a = get(target);
        return a.status == 200 && a.complete && a.body == bytes;
    }

    scripted_origin other;
    std::string const bytes = random_bytes(5'000'000, 1);
    std::string const path = "/v2/docker.io/library/app/blobs/" + digest_of(bytes);
    std::string const path_at_origin = "/v2/library/app/blobs/" + digest_of(bytes);
    std::string const path_of_other = "/v2/ghcr.io/some/app/blobs/" + digest_of(bytes);
    std::string const path_at_other = "/v2/some/app/blobs/" + digest_of(bytes);
    std::shared_ptr<gate> const flow = gate::closed();
};

} // namespace

TEST_CASE("what one upstream is sending is not what a client of another gets") {
    two_upstreams m;
    m.at_origin().serve(m.bytes);
    m.start();
    http_client first(m.server->port());
    m.flow->allow(3'000'000);
    m.begin_at_other(first, random_bytes(4'000'000, 2));
    first.read_raw_at_least(2'000'000);
    auto const part = m.get(m.path, {{"Range", "bytes=1000-1999"}});
    CHECK(part.header("Content-Range") == "bytes 1000-1999/5000000");
    CHECK((part.body == m.bytes.substr(1000, 1000)));
    CHECK(m.comes_whole(m.path));
    CHECK(m.asked() == 1);
    m.flow->open();
}

TEST_CASE("downloads of one blob from two upstreams both end right, and it is kept once") {
    two_upstreams m;
    auto const held = gate::closed();
    m.at_origin().reply(reply(200).body(m.bytes).hold_body(held));
    m.start();
    http_client first(m.server->port()), second(m.server->port());
    m.begin_at_other(first, m.bytes);
    second.send_get(m.path);
    CHECK(second.read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
    m.flow->open();
    held->open();
    for (auto* c : {&first, &second}) {
        auto const head = c->read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
        CHECK((c->read_raw_at_least(head + m.bytes.size()).substr(head) == m.bytes));
    }
    CHECK(m.asked() == 1);
    CHECK(m.stats().find(R"("store":{"objects":1)") != std::string::npos);
    m.origin.go_down();
    m.other.go_down();
    CHECK(m.comes_whole(m.path));
    CHECK(m.comes_whole(m.path_of_other));
}

TEST_CASE("all names of one upstream share a download") {
    two_upstreams m;
    m.settings.upstreams[1].aliases = {"ghcr.lan"};
    m.start();
    http_client first(m.server->port()), second(m.server->port());
    m.begin_at_other(first, m.bytes);
    second.send_get("/v2/ghcr.lan/some/app/blobs/" + digest_of(m.bytes));
    second.read_raw_until("layerd; fwd=miss; collapsed");
    m.flow->open();
    auto const head = second.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
    CHECK((second.read_raw_at_least(head + m.bytes.size()).substr(head) == m.bytes));
    CHECK(m.other.count("GET", m.path_at_other) == 1);
}

TEST_CASE("what one upstream broke off with is not gone on with at another") {
    std::atomic<bool> is_down = true, begun = false;
    two_upstreams m;
    m.at_other().call([&](recorded_request const& r) {
        if (!begun.exchange(true))
            return reply(200).body(m.bytes).cut_at(3'000'000);
        auto answer = whole_or_part(std::make_shared<std::string const>(m.bytes), r);
        return is_down ? answer.cut_at(0) : answer;
    });
    m.start();
    CHECK_FALSE(m.get(m.path_of_other).complete);
    SECTION("but brought anew") {
        m.at_origin().serve(m.bytes);
        CHECK(m.comes_whole(m.path));
        CHECK(m.origin.requests(m.path_at_origin).at(0).header("Range") == "");
        CHECK(m.stats().find(R"("reserved_bytes":0)") != std::string::npos); // nobody goes on with the rest any more
    }
    SECTION("but waits for its own") {
        CHECK(m.get(m.path).status == 404);
        is_down = false;
        CHECK(m.comes_whole(m.path_of_other));
        CHECK(m.other.requests(m.path_at_other).back().header("Range") == "bytes=3000000-");
    }
}

TEST_CASE("wrong bytes of one upstream say nothing of the endpoints of another") {
    two_upstreams m;
    scripted_origin last;
    m.settings.upstreams[0].endpoints = {m.origin.endpoint(), last.endpoint()};
    m.settings.upstreams[1].endpoints = {m.other.endpoint(), last.endpoint()};
    auto wrong = m.bytes;
    wrong[500] ^= 1;
    m.at_origin().serve(m.bytes);
    m.at_other().reply(reply(200).body(wrong).cut_at(3'000'000)).reply(404);
    last.on("GET", m.path_at_other).serve(m.bytes);
    m.start();
    CHECK_FALSE(m.get(m.path_of_other).complete); // of both endpoints, and nobody knows whose fault it was
    CHECK(m.comes_whole(m.path));
    CHECK(m.asked() == 1);
    CHECK(last.count("GET", m.path_at_origin) == 0);
    last.go_down();
}
