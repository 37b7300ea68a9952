// A tag past its ttl: who waits for upstream, for how long, and what is served instead.
#include "tests/catch.h"
#include "tests/support/mirror.h"
#include "tests/support/set_clock.h"
#include "tests/support/test_thread.h"

#include <regex>

using namespace tests;
using namespace std::chrono_literals;

namespace {

std::string const repo = "library/alpine";
std::string const warning_form = R"(299 - "[ !#-\[\]-~]+")";
auto const stale = "layerd; hit; detail=stale-if-error";
auto const stale_while_revalidate = "layerd; hit; detail=stale-while-revalidate";

std::string path(std::string const& reference) {
    return "/v2/" + repo + "/manifests/" + reference;
}

header_list fields_of(std::string const& manifest) {
    return {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"},
            {"Docker-Content-Digest", digest_of(manifest)}};
}

// A tag that was one manifest when it was pulled, and is another ever since.
struct moved_tag : mirror {
    set_clock clock;
    std::string before = image_manifest({random_bytes(10, 1)});
    std::string after = image_manifest({random_bytes(10, 2)});
    std::shared_ptr<gate> held = gate::closed(); // upstream's answer about the new one

    explicit moved_tag(std::string const& tag = "latest") {
        seams.now = clock.source();
        origin.on("GET", path(digest_of(before))).reply(200, fields_of(before), before);
        origin.on("GET", path(digest_of(after))).reply(200, fields_of(after), after);
        origin.on("HEAD", path(tag)).reply(200, fields_of(before));
    }
    proxy::upstream_config& upstream() { return settings.upstreams.front(); }
    void move_slowly(std::string const& tag = "latest") {
        auto answer = reply(200).hold_head(held);
        for (auto const& [name, value] : fields_of(after))
            answer.header(name, value);
        origin.on("HEAD", path(tag)).reply(answer);
    }
    // Asks until the tag is what it is now.
    bool comes_to_be_new(std::string const& tag = "latest") const {
        auto const until = std::chrono::steady_clock::now() + 60s;
        while (std::chrono::steady_clock::now() < until)
            if (get(path(tag)).body == after)
                return true;
        return false;
    }
};

} // namespace

TEST_CASE("shortly past its ttl a tag is served at once, and asked about behind the client's back") {
    moved_tag m;
    m.upstream().tag_ttl = 60s;
    m.upstream().stale_while_revalidate = 30s;
    m.move_slowly();
    m.start();
    CHECK(m.get(path("latest")).body == m.before);
    m.clock.pass(70s);
    for (int i = 0; i < 3; ++i) {
        auto const a = m.get(path("latest"));
        CHECK(a.status == 200);
        CHECK(a.body == m.before);
        CHECK(a.header("Cache-Status") == stale_while_revalidate);
        CHECK(a.header("Age") == "70");
        CHECK(a.header("Warning").empty());
    }
    REQUIRE(m.origin.wait_for(path("latest"), 2));
    m.held->open();
    CHECK(m.comes_to_be_new());
    CHECK(m.origin.count("HEAD", path("latest")) == 2);
    CHECK(m.get(path("latest")).header("Cache-Status") == "layerd; hit");
}

TEST_CASE("past that time upstream is asked first") {
    moved_tag m;
    m.upstream().tag_ttl = 60s;
    m.upstream().stale_while_revalidate = 30s;
    m.move_slowly();
    m.held->open();
    m.start();
    m.get(path("latest"));
    m.clock.pass(90s);
    auto const a = m.get(path("latest"));
    CHECK(a.body == m.after);
    CHECK(a.header("Cache-Status") == "layerd; fwd=miss; stored");
}

TEST_CASE("whether a known tag has moved is counted where a client asked, and what was found") {
    moved_tag m;
    m.upstream().tag_ttl = 60s;
    m.start();
    auto const found = [&](std::string const& what) {
        auto const metrics = http_get(m.server->admin_port(), "/metrics").body;
        auto const name = R"(layerd_upstream_tag_revalidations_total{upstream="docker.io",result=")" + what + "\"} ";
        return metrics.substr(metrics.find(name) + name.size(), 1);
    };
    m.get(path("latest")); // not known yet
    CHECK(found("unchanged") == "0");
    m.clock.pass(70s);
    m.get(path("latest"));
    CHECK(found("unchanged") == "1");
    CHECK(found("moved") == "0");
    m.move_slowly();
    m.held->open();
    m.clock.pass(70s);
    CHECK(m.get(path("latest")).body == m.after);
    CHECK(found("unchanged") == "1");
    CHECK(found("moved") == "1");
}

TEST_CASE("an upstream that does not answer in time costs the client a short wait, and its answer still counts") {
    moved_tag m;
    m.upstream().tag_ttl = 60s;
    m.upstream().revalidate_wait = GENERATE(0ms, 20ms);
    m.move_slowly();
    m.start();
    m.get(path("latest"));
    m.clock.pass(3600s);
    for (int i = 0; i < 3; ++i) {
        auto const a = m.get(path("latest"));
        CHECK(a.status == 200);
        CHECK(a.body == m.before);
        CHECK(a.header("Cache-Status") == stale);
        CHECK(a.header("Age") == "3600");
        CHECK(std::regex_match(a.header("Warning"), std::regex(warning_form)));
        CHECK(a.header("Warning").find("3600 s") != std::string::npos);
    }
    REQUIRE(m.origin.wait_for(path("latest"), 2));
    m.held->open();
    CHECK(m.comes_to_be_new());
    CHECK(m.origin.count("HEAD", path("latest")) == 2);
    CHECK(m.get(path("latest")).header("Warning").empty());
}

TEST_CASE("a client that leaves while upstream is asked cancels nothing for those who wait with it") {
    moved_tag m;
    m.upstream().tag_ttl = 60s;
    m.move_slowly();
    m.start();
    m.get(path("latest"));
    m.clock.pass(3600s);
    http_client leaver(m.server->port());
    leaver.send_get(path("latest"));
    REQUIRE(m.origin.wait_for(path("latest"), 2));
    http_answer stayed;
    test_thread stays([&] { stayed = m.get(path("latest")); });
    leaver.hang_up();
    m.held->open();
    stays.join();
    CHECK(stayed.body == m.after);
    CHECK(m.origin.count("HEAD", path("latest")) == 2);
    CHECK(m.origin.count("GET", path(digest_of(m.after))) == 1);
}

TEST_CASE("a tag moves only to what can be served when upstream is gone a moment later") {
    moved_tag m;
    m.upstream().tag_ttl = 60s;
    m.move_slowly();
    m.held->open();
    m.start();
    m.get(path("latest"));
    m.clock.pass(3600s);
    auto const seen = m.head(path("latest"));
    CHECK(seen.header("Docker-Content-Digest") == digest_of(m.after));
    CHECK(seen.header("Content-Length") == std::to_string(m.after.size()));
    m.origin.go_down();
    CHECK(m.get(path("latest")).body == m.after);
    CHECK(m.get(path(digest_of(m.after))).body == m.after);
    m.clock.pass(3600s);
    CHECK(m.get(path("latest")).body == m.after);
}

TEST_CASE("a tag whose new manifest cannot be had stays what it was") {
    moved_tag m;
    auto const next = image_manifest({random_bytes(10, 3)});
    auto const status = GENERATE(503u, 429u, 404u);
    m.origin.on("HEAD", path("latest")).reply(200, fields_of(next));
    m.origin.on("GET", path(digest_of(next))).reply(status); // however often
    m.upstream().tag_ttl = 60s;
    m.start();
    m.get(path("latest"));
    m.clock.pass(3600s);
    auto const a = m.get(path("latest"));
    CHECK(a.status == 200);
    CHECK(a.body == m.before);
    CHECK(a.header("Cache-Status") == stale);
    CHECK(m.get(path(digest_of(m.before))).body == m.before);
}

TEST_CASE("a tag is served for stale_if_error past its ttl while upstream is gone, and says so, and then no more") {
    moved_tag m;
    m.upstream().tag_ttl = 60s;
    m.upstream().stale_if_error = 86400s;
    m.start();
    m.get(path("latest"));
    m.origin.go_down();
    m.clock.pass(60s);
    for (int hour = 0; hour <= 24; ++hour) {
        for (auto const* method : {"GET", "HEAD"}) {
            auto const a = http_client(m.server->port()).request(method, path("latest"));
            CHECK(a.status == 200);
            CHECK(a.header("Docker-Content-Digest") == digest_of(m.before));
            CHECK(a.header("Cache-Status") == stale);
            CHECK(a.header("Age") == std::to_string(60 + hour * 3600));
            auto const warnings = a.headers("Warning");
            REQUIRE(warnings.size() == 1);
            CHECK(std::regex_match(warnings[0], std::regex(warning_form)));
            CHECK(warnings[0].size() <= 4096);
        }
        m.clock.pass(3600s);
    }
    auto const refused = m.get(path("latest"));
    CHECK((refused.status == 502 || refused.status == 503));
    CHECK(refused.header("Warning").empty());
    auto const by_digest = m.get(path(digest_of(m.before)));
    CHECK(by_digest.body == m.before);
    CHECK(by_digest.header("Cache-Status") == "layerd; hit");
    CHECK(by_digest.header("Warning").empty());
}

TEST_CASE("a tag whose name a rule matches is believed as long as the rule says") {
    moved_tag m("3.19.1");
    m.origin.on("HEAD", path("latest")).reply(200, fields_of(m.before));
    m.upstream().tag_ttl = 60s;
    m.upstream().tag_rules = {{*proxy::tag_pattern::parse(R"(^v?[0-9]+\.[0-9]+\.[0-9]+$)"), 720h}};
    m.start();
    m.get(path("3.19.1"));
    m.get(path("latest"));
    m.clock.pass(24h);
    CHECK(m.get(path("3.19.1")).header("Cache-Status") == "layerd; hit");
    CHECK(m.get(path("latest")).header("Cache-Status") == "layerd; fwd=stale; hit");
    CHECK(m.origin.count("HEAD", path("3.19.1")) == 1);
    m.clock.pass(720h);
    CHECK(m.get(path("3.19.1")).header("Cache-Status") == "layerd; fwd=stale; hit");
}

TEST_CASE("a refusal of a known tag is definite, whatever is stored") {
    moved_tag m;
    m.upstream().tag_ttl = 60s;
    m.origin.on("HEAD", path("latest")).reply(GENERATE(403u, 404u));
    m.start();
    m.get(path("latest"));
    m.clock.pass(3600s);
    CHECK(m.get(path("latest")).status == 404);
    CHECK(m.get(path(digest_of(m.before))).status == 200);
}

TEST_CASE("a tag is believed longer while little is left of upstream's pull budget") {
    moved_tag m;
    m.upstream().tag_ttl = 60s;
    auto fields = fields_of(m.before);
    fields.emplace_back("RateLimit-Limit", "100;w=21600");
    fields.emplace_back("RateLimit-Remaining", "0;w=21600");
    m.origin.on("HEAD", path("latest")).reply(200, fields);
    m.start();
    m.get(path("latest"));
    m.clock.pass(61s);
    m.get(path("latest")); // hears of the budget
    m.clock.pass(700s);
    CHECK(m.get(path("latest")).header("Cache-Status") == "layerd; hit");
    m.clock.pass(30s);
    CHECK(m.get(path("latest")).header("Cache-Status") == "layerd; fwd=stale; hit");
}

namespace {

scripted_reply challenge(scripted_origin const& origin, std::string const& more = {}) {
    auto const realm = origin.url("/token");
    return reply(401).header("WWW-Authenticate", R"(Bearer realm=")" + realm + R"(",service="x")" + more);
}

} // namespace

TEST_CASE("a known tag outlives a login that upstream does not take") {
    moved_tag m;
    m.upstream().tag_ttl = 60s;
    m.origin.on("HEAD", path("latest")).reply(challenge(m.origin));
    bool const is_loop = GENERATE(false, true);
    m.origin.on("GET", "/token").reply(is_loop ? 200 : 401, {}, R"({"token":"t"})");
    m.start();
    m.get(path("latest"));
    m.clock.pass(3600s);
    auto const a = m.get(path("latest"));
    CHECK(a.body == m.before);
    CHECK(a.header("Cache-Status") == stale);
    m.origin.on("HEAD", path("other")).reply(challenge(m.origin));
    CHECK(m.get(path("other")).status == 404); // for what nobody has seen it means nothing else
}

TEST_CASE("a token that is good and opens no more is a refusal") {
    moved_tag m;
    m.upstream().tag_ttl = 60s;
    m.origin.on("HEAD", path("latest")).reply(challenge(m.origin, R"(,error="insufficient_scope")"));
    m.origin.on("GET", "/token").reply(200, {}, R"({"token":"t"})");
    m.start();
    m.get(path("latest"));
    m.clock.pass(3600s);
    CHECK(m.get(path("latest")).status == 404);
}

TEST_CASE("a large manifest, too, is served as it was last where upstream fails") {
    mirror m;
    set_clock clock;
    m.seams.now = clock.source();
    m.settings.upstreams.front().tag_ttl = 60s;
    m.settings.upstreams.front().stale_while_revalidate = 0s;
    auto const large = image_manifest({"{}"}).insert(1, "\"x\":\"" + std::string(300'000, 'x') + "\",");
    m.origin.on("GET", path(digest_of(large))).reply(200, fields_of(large), large);
    m.origin.on("HEAD", path("1")).reply(200, fields_of(large)).reply(503, {}, {});
    m.start();
    REQUIRE(m.get(path("1")).status == 200);
    clock.pass(70s);
    auto const a = m.get(path("1"));
    CHECK(a.header("Cache-Status") == stale);
    CHECK(a.body == large);
}

TEST_CASE("who holds the last of a large manifest does not keep himself from the next") {
    constexpr int tags = 4; // as many large manifests as one client may have on their way
    mirror m;
    set_clock clock;
    m.seams.now = clock.source();
    m.settings.upstreams.front().tag_ttl = 60s;
    m.settings.upstreams.front().stale_while_revalidate = 0s;
    auto const held = gate::closed();
    auto const large = [](int tag, char version) {
        auto text = image_manifest({random_bytes(10, 1)});
        return text.insert(1, fmt::format(R"("x{}":"{}",)", tag, std::string(300'000, version)));
    };
    std::vector<std::string> paths;
    for (int i = 0; i < tags; ++i) {
        paths.push_back(path("v" + std::to_string(i)));
        for (char const version : {'a', 'b'}) {
            auto const body = large(i, version);
            m.origin.on("GET", path(digest_of(body))).reply(200, fields_of(body), body);
            auto answer = version == 'a' ? reply(200) : reply(200).hold_head(held);
            for (auto const& [name, value] : fields_of(body))
                answer.header(name, value);
            m.origin.on("HEAD", paths.back()).reply(answer);
        }
    }
    m.start();
    for (auto const& p : paths)
        REQUIRE(m.get(p).status == 200);
    clock.pass(70s);
    std::vector<std::unique_ptr<http_client>> clients;
    for (auto const& p : paths) {
        clients.push_back(std::make_unique<http_client>(m.server->port()));
        clients.back()->send_get(p);
        REQUIRE(m.origin.wait_for(p, 2));
    }
    held->open();
    for (auto const& c : clients) {
        auto const head = c->read_raw_until("\r\n\r\n");
        CHECK(head.find("Cache-Status: layerd; fwd=miss; stored\r\n") != std::string::npos);
    }
}
