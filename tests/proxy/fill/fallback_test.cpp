// Two endpoints of one upstream, of which one answers every request and sends bodies that are good for nothing.
#include "tests/catch.h"
#include "tests/support/limited_disk.h"
#include "tests/support/mirror.h"

#include <boost/json/parse.hpp>

using namespace tests;
using namespace std::chrono_literals;

namespace {

std::string const repo = "library/alpine";

std::string blob_path(std::string const& bytes) {
    return "/v2/" + repo + "/blobs/" + digest_of(bytes);
}
std::string manifest_path(std::string const& reference) {
    return "/v2/" + repo + "/manifests/" + reference;
}

scripted_reply web_page() {
    return reply(200).header("Content-Type", "text/html").body("<html><h1>Please log in</h1></html>");
}

std::string with_a_byte_flipped(std::string bytes, std::size_t at) {
    bytes[at] ^= 1;
    return bytes;
}

// `origin` comes first.
struct two_endpoints : mirror {
    scripted_origin second;

    two_endpoints() {
        auto& u = settings.upstreams[0];
        u.endpoints = {origin.endpoint(), second.endpoint()};
        u.hedge_after = 0ms;
        u.prefetch = proxy::prefetch_mode::off;
    }
    ~two_endpoints() { // their threads read what is in the test
        origin.go_down();
        second.go_down();
    }
    void serve_second(std::string const& bytes) { second.on("GET", blob_path(bytes)).serve(bytes); }
    bool comes_whole(std::string const& bytes) const {
        auto const a = get(blob_path(bytes));
        return a.status == 200 && a.complete && a.body == bytes;
    }
    std::int64_t body_failures(std::size_t endpoint) const {
        auto const all = boost::json::parse(http_get(server->admin_port(), "/api/v1/upstreams").body);
        return all.at_pointer("/upstreams/0/endpoints/" + std::to_string(endpoint) + "/body_failures").as_int64();
    }
};

// An endpoint is passed over for a second: whether it is over is not known to who was slow.
class pause_of_an_endpoint {
public:
    // It begins so long from now, at the earliest.
    explicit pause_of_an_endpoint(std::chrono::milliseconds after = {}) : after_(after) {}

    bool lasts() const { return std::chrono::steady_clock::now() - before_ < after_ + 900ms; }

private:
    std::chrono::milliseconds after_;
    std::chrono::steady_clock::time_point before_ = std::chrono::steady_clock::now();
};

} // namespace

TEST_CASE("a body that breaks off or hangs is gone on with at the next endpoint, where the next download begins") {
    two_endpoints t;
    auto const one = random_bytes(1'000'000, 1), other = random_bytes(1'000'000, 2);
    bool const hangs = GENERATE(false, true);
    if (hangs)
        t.settings.upstreams[0].idle_timeout = 2000ms;
    for (auto const& bytes : {one, other}) {
        auto r = reply(200).body(bytes);
        t.origin.on("GET", blob_path(bytes)).reply(hangs ? r.hang_at(600'000) : r.cut_at(600'000));
        t.serve_second(bytes);
    }
    t.start();
    pause_of_an_endpoint const pause(hangs ? 2000ms : 0ms);
    CHECK(t.comes_whole(one));
    CHECK(t.origin.count("GET", blob_path(one)) == 1);
    REQUIRE(t.second.count("GET", blob_path(one)) == 1);
    CHECK(t.second.requests(blob_path(one))[0].header("Range") == "bytes=600000-");
    CHECK(t.body_failures(0) == 1);
    CHECK(t.comes_whole(other));
    if (pause.lasts())
        CHECK(t.origin.count("GET", blob_path(other)) == 0);
}

TEST_CASE("a web page in place of a blob costs one request more, whether a manifest has named the blob's size or not") {
    two_endpoints t;
    auto const size = GENERATE(std::size_t{500}, std::size_t{300'000});
    bool const named = GENERATE(false, true);
    auto const bytes = random_bytes(size, 3);
    t.origin.on("GET", blob_path(bytes)).reply(web_page());
    t.serve_second(bytes);
    auto const d = t.put_manifest(repo, "1", image_manifest({bytes}));
    t.start();
    if (named)
        CHECK(t.get(manifest_path(d)).status == 200);
    CHECK(t.comes_whole(bytes));
    CHECK(t.origin.count("GET", blob_path(bytes)) == 1);
    CHECK(t.body_failures(0) == 1);
}

TEST_CASE("a small blob with wrong bytes is fetched from the next endpoint before anybody sees it") {
    two_endpoints t;
    auto const bytes = random_bytes(1'000, 4);
    t.origin.on("GET", blob_path(bytes)).reply(200, {}, with_a_byte_flipped(bytes, 500));
    t.serve_second(bytes);
    t.start();
    CHECK(t.comes_whole(bytes));
}

TEST_CASE("an endpoint that sent all of a wrong body is passed over by the next download") {
    two_endpoints t;
    auto const bytes = random_bytes(600'000, 5);
    t.origin.on("GET", blob_path(bytes)).reply(200, {}, with_a_byte_flipped(bytes, 500));
    t.serve_second(bytes);
    t.start();
    pause_of_an_endpoint const pause;
    CHECK_FALSE(t.get(blob_path(bytes)).complete);
    CHECK(t.body_failures(0) == 1);
    bool const whole = t.comes_whole(bytes);
    if (!pause.lasts())
        return; // it may have been asked again
    CHECK(whole);
    CHECK(t.origin.count("GET", blob_path(bytes)) == 1);
}

TEST_CASE("wrong bytes that two endpoints have sent together are fetched from one alone the next time") {
    two_endpoints t;
    auto const bytes = random_bytes(1'000'000, 6);
    auto const beginning = with_a_byte_flipped(bytes, 500);
    t.origin.on("GET", blob_path(bytes)).reply(reply(200).body(beginning).cut_at(600'000));
    t.serve_second(bytes);
    t.start();
    pause_of_an_endpoint const pause;
    CHECK_FALSE(t.get(blob_path(bytes)).complete);
    CHECK(t.body_failures(1) == 0); // it was not the one that lied
    bool const whole = t.comes_whole(bytes);
    if (!pause.lasts())
        return;
    CHECK(whole);
    auto const asked = t.second.requests(blob_path(bytes));
    REQUIRE(asked.size() == 2);
    CHECK(asked[0].header("Range") == "bytes=600000-");
    CHECK(asked[1].header("Range") == "");
}

TEST_CASE("of two endpoints the one that lied is found though the other broke off") {
    two_endpoints t;
    auto const bytes = random_bytes(1'000'000, 7);
    t.origin.on("GET", blob_path(bytes)).reply(reply(200).body(bytes).cut_at(600'000)).serve(bytes);
    t.serve_second(with_a_byte_flipped(bytes, 900'000));
    t.second.on("GET", blob_path(bytes)).serve(with_a_byte_flipped(bytes, 900'000));
    t.start();
    pause_of_an_endpoint const pause;
    CHECK_FALSE(t.get(blob_path(bytes)).complete); // from both
    CHECK(t.body_failures(1) == 0);
    if (!pause.lasts())
        return;                                    // the first would be asked, which serves it by now
    CHECK_FALSE(t.get(blob_path(bytes)).complete); // from the second alone
    CHECK(t.body_failures(1) == 1);
    CHECK(t.comes_whole(bytes));
}

TEST_CASE("another size than the first endpoint's after a break is passed over too") {
    scripted_origin third;
    two_endpoints t;
    auto const bytes = random_bytes(1'000'000, 8);
    t.settings.upstreams[0].endpoints.push_back(third.endpoint());
    t.origin.on("GET", blob_path(bytes)).reply(reply(200).body(bytes).cut_at(600'000));
    t.second.on("GET", blob_path(bytes)).reply(web_page());
    third.on("GET", blob_path(bytes)).serve(bytes);
    t.start();
    CHECK(t.comes_whole(bytes));
    CHECK(t.second.count("GET", blob_path(bytes)) == 1);
    third.go_down();
}

TEST_CASE("a manifest that is none, breaks off or hangs is fetched from the next endpoint, and so is the next one") {
    two_endpoints t;
    t.settings.upstreams[0].first_byte_timeout = 4000ms;
    auto const one = image_manifest({random_bytes(10, 9)}), other = image_manifest({random_bytes(10, 10)});
    auto const bad = GENERATE(0, 1, 2, 3);
    for (auto const& m : {one, other}) {
        auto const spoilt = bad == 0   ? web_page()
                            : bad == 1 ? reply(200).body(m).cut_at(50)
                            : bad == 2 ? reply(200).body(m).hang_at(50)
                                       : reply(200).body(with_a_byte_flipped(m, 100));
        t.origin.on("GET", manifest_path(digest_of(m))).reply(spoilt);
        t.second.on("GET", manifest_path(digest_of(m)))
            .reply(200, {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}}, m);
    }
    t.start();
    auto const comes = [&](std::string const& m) {
        auto const a = t.get(manifest_path(digest_of(m)));
        CHECK(a.status == 200);
        CHECK(a.body == m);
    };
    comes(one);
    pause_of_an_endpoint const pause; // began a little before
    comes(other);
    CHECK(t.origin.count("GET", manifest_path(digest_of(one))) == 1);
    if (pause.lasts())
        CHECK(t.origin.count("GET", manifest_path(digest_of(other))) == 0);
}

TEST_CASE("a tag that one endpoint answers with a web page is the next one's") {
    two_endpoints t;
    auto const m = image_manifest({random_bytes(10, 11)});
    t.origin.on("GET", manifest_path("1")).reply(web_page());
    t.second.on("GET", manifest_path("1"))
        .reply(200, {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}}, m);
    t.start();
    CHECK(t.get(manifest_path("1")).body == m);
}

TEST_CASE("what is passed through without being stored turns to the next endpoint as well") {
    two_endpoints t;
    auto const disk = std::make_shared<limited_disk>(limited_disk::plenty);
    t.seams.files = disk;
    auto const bytes = random_bytes(3'000'000, 12);
    auto const manifest = image_manifest({bytes});
    t.origin.on("GET", blob_path(bytes)).reply(reply(200).body(bytes).cut_at(1'000'000));
    t.serve_second(bytes);
    t.start();
    disk->set_free(limited_disk::full);
    pause_of_an_endpoint const pause;
    CHECK(t.comes_whole(bytes));
    REQUIRE(t.second.count("GET", blob_path(bytes)) == 1);
    CHECK(t.second.requests(blob_path(bytes))[0].header("Range") == "bytes=1000000-");
    CHECK(t.comes_whole(bytes));
    if (pause.lasts())
        CHECK(t.origin.count("GET", blob_path(bytes)) == 1);
}

TEST_CASE("a body that comes a byte at a time is gone on with at the next endpoint, and ends where there is none") {
    two_endpoints t;
    auto& u = t.settings.upstreams[0];
    u.idle_timeout = 300ms;
    bool const has_next = GENERATE(true, false);
    auto const bytes = random_bytes(400'000, 13);
    t.origin.on("GET", blob_path(bytes)).call([&](recorded_request const& r) {
        auto answer = whole_or_part(std::make_shared<std::string const>(bytes), r);
        return answer.trickle_from(r.header("Range").empty() ? 300'000 : 0);
    });
    t.serve_second(bytes);
    if (!has_next)
        u.endpoints.pop_back();
    t.start();
    CHECK(t.comes_whole(bytes) == has_next);
}
