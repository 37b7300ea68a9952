// A connection to upstream that breaks in the middle of a layer must not break anybody's build.
#include "tests/catch.h"
#include "tests/support/mirror.h"

#include <atomic>

using namespace tests;

namespace {

std::string const repo = "library/alpine";
std::string blob_path(std::string const& d) {
    return "/v2/" + repo + "/blobs/" + d;
}

struct broken : mirror {
    std::string bytes = random_bytes(1'000'000, 1);
    std::string path = blob_path(digest_of(bytes));

    broken() = default;
    ~broken() { origin.go_down(); } // its threads read what is here

    scripted_route on() { return origin.on("GET", path); }
    scripted_reply cut(std::size_t at) const { return reply(200).body(bytes).cut_at(at); }
    // From where it is asked to, cut after `piece` bytes.
    scripted_reply part(recorded_request const& r, std::size_t piece) const {
        auto const first = std::stoull(r.header("Range").substr(6));
        return reply(206)
            .header("Content-Range", "bytes " + std::to_string(first) + "-" + std::to_string(bytes.size() - 1) + "/" +
                                         std::to_string(bytes.size()))
            .body(bytes.substr(first))
            .cut_at(piece);
    }
    void check_whole() {
        auto const a = get(path);
        CHECK(a.status == 200);
        CHECK(a.complete);
        CHECK((a.body == bytes));
    }
};

} // namespace

TEST_CASE("a body that breaks off is gone on with where it broke") {
    broken m;
    m.on().reply(m.cut(600'000)).serve(m.bytes);
    m.start();
    m.check_whole();
    auto const asked = m.origin.requests(m.path);
    REQUIRE(asked.size() == 2);
    CHECK(asked[1].header("Range") == "bytes=600000-");
    m.check_whole();
    CHECK(m.origin.requests(m.path).size() == 2); // it was kept
}

TEST_CASE("an upstream that sends all of it again is read up to where it broke") {
    broken m;
    m.on().reply(m.cut(600'000)).reply(200, {}, m.bytes);
    m.start();
    m.check_whole();
}

TEST_CASE("a body that breaks again and again comes through while it gets further") {
    broken m;
    m.on().reply(m.cut(300'000)).call([&](recorded_request const& r) { return m.part(r, 300'000); });
    m.start();
    m.check_whole();
    CHECK(m.origin.requests(m.path).size() == 4);
}

TEST_CASE("a body that breaks at the same place each time ends in a broken connection, after a few tries") {
    broken m;
    m.on().reply(m.cut(600'000));
    m.start();
    CHECK_FALSE(m.get(m.path).complete);
    auto const asked = m.origin.requests(m.path).size();
    CHECK(asked > 2);
    CHECK(asked < 10);
}

TEST_CASE("another body after the break reaches nobody as a whole and is not kept") {
    broken m;
    auto other = m.bytes;
    other[800'000] ^= 1;
    m.on().reply(m.cut(600'000)).serve(other);
    m.start();
    CHECK_FALSE(m.get(m.path).complete);
    CHECK(m.stats().find(R"("store":{"objects":0)") != std::string::npos);
}

TEST_CASE("a blob of another size after the break is not gone on with") {
    broken m;
    m.on().reply(m.cut(600'000)).serve(m.bytes + "more");
    m.start();
    CHECK_FALSE(m.get(m.path).complete);
    CHECK(m.origin.requests(m.path).size() == 2);
}

TEST_CASE("what one endpoint began another ends") {
    broken m;
    scripted_origin next;
    m.on().reply(m.cut(600'000)).reply(reply(200).drop_before_head());
    next.on("GET", m.path).serve(m.bytes);
    m.settings.upstreams[0].endpoints = {m.origin.endpoint(), next.endpoint()};
    m.start();
    m.check_whole();
    REQUIRE(next.requests(m.path).size() == 1);
    CHECK(next.requests(m.path)[0].header("Range") == "bytes=600000-");
}

TEST_CASE("an upstream that forgot the blob after the break ends the answer") {
    broken m;
    m.on().reply(m.cut(600'000)).reply(404);
    m.start();
    CHECK_FALSE(m.get(m.path).complete);
    CHECK(m.origin.requests(m.path).size() == 2);
}

namespace {

// Breaks at 60 % of a body of 5 MB and brings no other byte until told otherwise.
struct down : broken {
    explicit down(std::string const& wanted = random_bytes(5'000'000, 2)) {
        bytes = wanted;
        path = blob_path(digest_of(wanted));
        on().call([this](recorded_request const& r) {
            auto const range = r.header("Range");
            if (!begun.exchange(true))
                return reply(200).body(beginning.empty() ? bytes : beginning).cut_at(3'000'000);
            if (is_down)
                return part(r, 0);
            if (range.empty())
                return reply(200).body(bytes);
            return refuses ? reply(416) : part(r, bytes.size());
        });
    }
    ~down() { origin.go_down(); } // its threads read what is here
    void break_off() {
        start();
        CHECK_FALSE(get(path).complete);
        is_down = false;
        tried = origin.requests(path).size();
    }
    // What the requests since then have asked for.
    std::vector<std::string> ranges() const {
        std::vector<std::string> all;
        for (auto const& r : origin.requests(path))
            all.push_back(r.header("Range"));
        return {all.begin() + static_cast<std::ptrdiff_t>(tried), all.end()};
    }

    std::string beginning; // in place of the right one
    std::atomic<bool> begun = false, is_down = true, refuses = false;
    std::size_t tried = 0;
};

} // namespace

TEST_CASE("what a download left that broke for good is where the next request goes on") {
    down m;
    m.break_off();
    m.is_down = true;
    CHECK_FALSE(m.get(m.path).complete);
    m.is_down = false;
    m.check_whole();
    for (auto const& asked : m.ranges())
        CHECK(asked == "bytes=3000000-");
    auto const tries = m.ranges().size();
    m.check_whole();
    CHECK(m.ranges().size() == tries); // it was kept
}

TEST_CASE("who asks for it where it is not throws nothing away") {
    down m;
    m.break_off();
    auto const elsewhere = "/v2/library/other/blobs/" + digest_of(m.bytes);
    CHECK(m.get(elsewhere).status == 404);
    CHECK(m.origin.requests(elsewhere).size() == 1);
    m.check_whole();
    CHECK(m.ranges() == std::vector<std::string>{"bytes=3000000-"});
}

TEST_CASE("an upstream that refuses to go on is asked for all of it") {
    down m;
    m.refuses = true;
    m.break_off();
    m.check_whole();
    CHECK(m.ranges() == std::vector<std::string>{"bytes=3000000-", ""});
}

TEST_CASE("an upstream that sends all of it again answers the client before it has got to where it broke off") {
    down m;
    m.break_off();
    auto const flow = gate::closed();
    m.origin.on("GET", m.path).reply(reply(200).body(m.bytes).hold_body(flow));
    flow->allow(1'000'000);
    http_client c(m.server->port());
    c.send_get(m.path);
    CHECK(c.read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
    auto const head = c.read_raw_at_least(1).find("\r\n\r\n") + 4;
    c.read_raw_at_least(head + 3'000'000); // what was kept
    flow->open();
    CHECK((c.read_raw_at_least(head + m.bytes.size()).substr(head) == m.bytes));
}

TEST_CASE("what breaks off again before it has got to where it broke off is gone on with") {
    down m;
    m.break_off();
    std::atomic<int> again{0};
    m.origin.on("GET", m.path).call([&](recorded_request const&) {
        auto const whole = reply(200).body(m.bytes);
        return again++ == 0 ? scripted_reply(whole).cut_at(1'000'000) : whole;
    });
    m.check_whole();
    CHECK(again == 2);
}

TEST_CASE("what was kept of other bytes costs one failed request and no more") {
    down m;
    m.beginning = random_bytes(5'000'000, 3);
    m.break_off();
    CHECK_FALSE(m.get(m.path).complete);
    m.check_whole();
    CHECK(m.ranges() == std::vector<std::string>{"bytes=3000000-", ""});
}
