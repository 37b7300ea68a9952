// A connection to upstream that breaks in the middle of a layer must not break anybody's build.
#include "tests/catch.h"
#include "tests/support/mirror.h"

using namespace tests;

namespace {

std::string const repo = "library/alpine";
std::string blob_path(std::string const& d) {
    return "/v2/" + repo + "/blobs/" + d;
}

struct broken : mirror {
    std::string bytes = random_bytes(1'000'000, 1);
    std::string path = blob_path(digest_of(bytes));

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
