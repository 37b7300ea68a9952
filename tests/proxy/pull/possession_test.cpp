// An upstream that says it has what is stored of others: where not everybody may see everything, it has to show that.
#include "proxy/pull/possession.h"
#include "tests/catch.h"
#include "tests/support/captured_log.h"
#include "tests/support/guarded_mirror.h"
#include "tests/support/test_thread.h"

using namespace tests;

namespace {

constexpr char const* anybody_pulls = "[[access.rule]]\nallow = [\"pull\"]\n";

// docker.io has a layer, which is stored; ghcr.io says that it has it too. Both are at one origin.
struct two_upstreams : guarded_mirror {
    two_upstreams() : guarded_mirror(anybody_pulls) { put_blob("team/app", layer); }

    void start_with_layer() {
        start();
        REQUIRE(get("/v2/docker.io/team/app/blobs/" + digest).body == layer);
    }
    http_answer get_elsewhere(std::string const& repo, http_client::headers fields = {}) const {
        return get("/v2/ghcr.io/" + repo + "/blobs/" + digest, std::move(fields));
    }
    std::string at_origin(std::string const& repo) const { return "/v2/" + repo + "/blobs/" + digest; }
    std::vector<std::string> ranges_asked(std::string const& repo) const {
        std::vector<std::string> all;
        for (auto const& r : origin.requests(at_origin(repo)))
            if (r.method == "GET")
                all.push_back(r.header("Range"));
        return all;
    }
    // Says of every question that it has the blob, and gives what is no part of it.
    void put_lie(std::string const& repo) {
        origin.on("HEAD", at_origin(repo)).reply(reply().body(other));
        origin.on("GET", at_origin(repo)).serve(other);
    }

    std::string const layer = random_bytes(300'000, 1);
    std::string const other = random_bytes(300'000, 2);
    std::string const digest = digest_of(layer);
};

} // namespace

TEST_CASE("a layer of another upstream is shown after some pieces, and not downloaded again") {
    two_upstreams m;
    m.put_blob("acme/app", m.layer);
    m.put_blob("acme/tool", m.layer);
    m.start_with_layer();
    auto const first = m.get_elsewhere("acme/app");
    CHECK(first.body == m.layer);
    CHECK(first.header("Cache-Status") == "layerd; hit; detail=access-checked");
    auto const ranges = m.ranges_asked("acme/app");
    CHECK(ranges.size() == 4);
    for (auto const& range : ranges)
        CHECK(range.starts_with("bytes="));
    CHECK(m.get_elsewhere("acme/app").header("Cache-Status") == "layerd; hit");
    // What the upstream has shown once it is believed to have elsewhere.
    CHECK(m.get_elsewhere("acme/tool").body == m.layer);
    CHECK(m.origin.count("HEAD", m.at_origin("acme/tool")) == 1);
    CHECK(m.ranges_asked("acme/tool").empty());
}

TEST_CASE("an upstream that has not what it says gets nothing shown under its name") {
    two_upstreams m;
    captured_log log;
    m.put_lie("evil/app");
    m.put_lie("evil/tool");
    m.start_with_layer();
    for (auto const* repo : {"evil/app", "evil/app", "evil/tool"}) {
        INFO(repo);
        auto const answer = m.get_elsewhere(repo);
        CHECK(answer.body.find(m.layer.substr(0, 100)) == std::string::npos);
        CHECK(answer.body.size() < m.layer.size()); // and its own bytes not to their end: they are not the digest's
        auto const part = m.get_elsewhere(repo, {{"Range", "bytes=100-199"}});
        CHECK(part.body != m.layer.substr(100, 100));
    }
    CHECK(log.has("ghcr.io says that it has " + m.digest));
    CHECK(m.get("/v2/local/app/blobs/" + m.digest).status == 404);
    CHECK(m.get("/v2/docker.io/team/app/blobs/" + m.digest).header("Cache-Status") == "layerd; hit");
}

TEST_CASE("an upstream that has lied once is asked for no pieces any more") {
    two_upstreams m;
    m.put_lie("evil/app");
    m.put_blob("acme/app", m.layer);
    m.start_with_layer();
    (void)m.get_elsewhere("evil/app");
    auto const honest = m.get_elsewhere("acme/app"); // of the same upstream
    CHECK(honest.body == m.layer);
    CHECK(honest.header("Cache-Status") == "layerd; fwd=miss");
    CHECK(m.ranges_asked("acme/app") == std::vector<std::string>{""}); // the whole
}

TEST_CASE("an upstream that sends no parts gives the whole, to each client anew") {
    two_upstreams m;
    m.origin.on("HEAD", m.at_origin("acme/app")).reply(reply().body(m.layer));
    m.origin.on("GET", m.at_origin("acme/app")).reply(reply().body(m.layer));
    m.start_with_layer();
    for (int i = 0; i < 2; ++i) {
        auto const answer = m.get_elsewhere("acme/app");
        CHECK(answer.body == m.layer);
        CHECK(answer.header("Cache-Status") == "layerd; fwd=miss");
    }
    auto const head = m.head("/v2/ghcr.io/acme/app/blobs/" + m.digest);
    CHECK(head.status == 200);
    CHECK(head.header("Content-Length") == std::to_string(m.layer.size()));
}

TEST_CASE("a page for people is not the layer, though upstream is known to have that elsewhere") {
    two_upstreams m;
    auto const page = reply().header("Content-Type", "text/html").body("<html>Please log in</html>");
    m.origin.on("HEAD", m.at_origin("team/other")).reply(page);
    m.origin.on("GET", m.at_origin("team/other")).reply(page);
    m.origin.on("HEAD", m.at_origin("team/third")).reply(reply().body("not the layer"));
    m.origin.on("GET", m.at_origin("team/third")).reply(reply().body("not the layer"));
    m.start_with_layer();
    for (auto const* repo : {"team/other", "team/third", "team/other"}) {
        INFO(repo);
        auto const a = m.get("/v2/docker.io/" + std::string(repo) + "/blobs/" + m.digest);
        CHECK((a.status != 200 || !a.complete));
        CHECK(a.body.find(m.layer.substr(0, 100)) == std::string::npos);
    }
}

TEST_CASE("a download that is under way is not shown to who only says that he has the same") {
    two_upstreams m;
    auto const layer = random_bytes(300'000, 3);
    auto const d = digest_of(layer);
    auto const flow = gate::closed();
    m.origin.on("GET", "/v2/team/app/blobs/" + d).reply(reply(200).body(layer).hold_body(flow));
    m.origin.on("HEAD", "/v2/evil/app/blobs/" + d).reply(reply().body(m.layer)); // as long as it is
    m.origin.on("GET", "/v2/evil/app/blobs/" + d).reply(reply().body(m.layer));
    m.start();
    http_client first(m.server->port());
    first.send_get("/v2/docker.io/team/app/blobs/" + d);
    REQUIRE(m.origin.wait_for("/v2/team/app/blobs/" + d, 1));
    test_thread const opens_later([&] {
        (void)m.origin.wait_for("/v2/evil/app/blobs/" + d, 2); // or in vain: then it follows the first
        flow->open();
    });
    auto const a = m.get("/v2/ghcr.io/evil/app/blobs/" + d);
    CHECK(a.body.find(layer.substr(0, 100)) == std::string::npos);
    CHECK_FALSE((a.status == 200 && a.complete));
    flow->open();
    CHECK(first.read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST_CASE("a repository that has not the layer says so") {
    two_upstreams m;
    m.start_with_layer();
    CHECK(m.get_elsewhere("acme/app").status == 404);
}

TEST_CASE("nor is an empty blob shown where upstream has it not") {
    two_upstreams m;
    auto const empty = m.put_blob("team/app", "");
    m.put_blob("acme/tool", "");
    m.start();
    REQUIRE(m.get("/v2/docker.io/team/app/blobs/" + empty).status == 200);
    CHECK(m.get("/v2/ghcr.io/acme/app/blobs/" + empty).status == 404);
    CHECK(m.get("/v2/ghcr.io/acme/tool/blobs/" + empty).status == 200);
}

TEST_CASE("a word is enough where everybody may see everything") {
    mirror m;
    auto const layer = random_bytes(300'000, 1);
    auto const digest = m.put_blob("team/app", layer);
    m.put_blob("acme/app", layer);
    m.start();
    REQUIRE(m.get("/v2/docker.io/team/app/blobs/" + digest).body == layer);
    CHECK(m.get("/v2/ghcr.io/acme/app/blobs/" + digest).body == layer);
    CHECK(m.origin.count("HEAD", "/v2/acme/app/blobs/" + digest) == 1);
    CHECK(m.origin.count("GET", "/v2/acme/app/blobs/" + digest) == 0);
}

TEST_CASE("pieces are in the blob, and each in a part of its own") {
    CHECK(proxy::unforeseeable_pieces(0).empty());
    CHECK(proxy::unforeseeable_pieces(1) == std::vector<oci::byte_range>{{0, 0}});
    CHECK(proxy::unforeseeable_pieces(256) == std::vector<oci::byte_range>{{0, 255}});
    for (std::uint64_t const size : {257ull, 1000ull, 1ull << 40}) {
        auto const found = proxy::unforeseeable_pieces(size);
        REQUIRE(found.size() == 4);
        for (std::size_t i = 0; i < 4; ++i) {
            CHECK(found[i].length() == 64);
            CHECK(found[i].first >= i * (size / 4));
            CHECK(found[i].last < (i + 1) * (size / 4));
        }
    }
    CHECK(proxy::unforeseeable_pieces(1ull << 40) != proxy::unforeseeable_pieces(1ull << 40));
}
