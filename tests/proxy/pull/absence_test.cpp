// What upstream does not have: asked once in a while, and seen soon after it comes to be.
#include "tests/catch.h"
#include "tests/support/mirror.h"
#include "tests/support/set_clock.h"

using namespace tests;
using namespace std::chrono_literals;

namespace {

struct patient_mirror : mirror {
    set_clock clock;
    patient_mirror() {
        seams.now = clock.source();
        for (auto& u : settings.upstreams)
            u.negative_ttl = 5s;
    }
    http_answer ask(std::string const& method, std::string const& target) const {
        return http_client(server->port()).request(method, target);
    }
};

std::string const nothing = digest_of("what nobody has");

} // namespace

TEST_CASE("what upstream does not have is asked for once in its time, and again after it") {
    struct {
        std::string path;
        std::string method;
    } const wanted[] = {
        {"/v2/library/alpine/manifests/none", "GET"},       {"/v2/library/alpine/manifests/none", "HEAD"},
        {"/v2/library/alpine/manifests/" + nothing, "GET"}, {"/v2/library/alpine/manifests/" + nothing, "HEAD"},
        {"/v2/library/alpine/blobs/" + nothing, "HEAD"},    {"/v2/library/alpine/referrers/" + nothing, "GET"},
    };
    for (auto const& [path, method] : wanted) {
        INFO(method << " " << path);
        patient_mirror m;
        m.start();
        auto const first = m.ask(method, path);
        CHECK(first.status == 404);
        auto const asked = m.origin.requests().size();
        CHECK(asked == 1);
        m.clock.pass(4s);
        auto const second = m.ask(method, path);
        CHECK(second.status == 404);
        CHECK(second.body == first.body);
        CHECK(m.origin.requests().size() == asked);
        m.clock.pass(1s);
        CHECK(m.ask(method, path).status == 404);
        CHECK(m.origin.requests().size() == asked + 1);
    }
}

TEST_CASE("what came to be upstream is there when the time is over") {
    patient_mirror m;
    m.start();
    CHECK(m.get("/v2/library/alpine/manifests/new").status == 404);
    auto const manifest = image_manifest({random_bytes(10, 7)});
    m.put_manifest("library/alpine", "new", manifest);
    CHECK(m.get("/v2/library/alpine/manifests/new").status == 404);
    m.clock.pass(5s);
    CHECK(m.get("/v2/library/alpine/manifests/new").body == manifest);
}

TEST_CASE("a digest that upstream did not have is fetched once a tag leads to it") {
    patient_mirror m;
    m.start();
    auto const manifest = image_manifest({random_bytes(10, 10)});
    CHECK(m.get("/v2/library/alpine/manifests/" + digest_of(manifest)).status == 404);
    m.put_manifest("library/alpine", "new", manifest);
    CHECK(m.get("/v2/library/alpine/manifests/new").body == manifest);
}

TEST_CASE("a refusal, a limit or a failure is no absence") {
    auto const status = GENERATE(401u, 403u, 429u, 500u, 503u);
    patient_mirror m;
    std::string const paths[] = {"/v2/library/alpine/manifests/some", "/v2/library/alpine/manifests/" + nothing,
                                 "/v2/library/alpine/blobs/" + nothing, "/v2/library/alpine/referrers/" + nothing};
    for (auto const& path : paths) {
        m.origin.on("HEAD", path).reply(status);
        m.origin.on("GET", path).reply(status);
    }
    m.start();
    for (auto const& path : paths) {
        INFO(status << " " << path);
        auto const method = path.find("/referrers/") == std::string::npos ? "HEAD" : "GET";
        auto const first = m.ask(method, path);
        auto const asked = m.origin.requests(path).size();
        auto const second = m.ask(method, path);
        if (status >= 429) {
            CHECK(first.status >= 502);
            CHECK(second.status >= 502);
        } else { // upstream's refusals are 404 here, but each is upstream's
            CHECK(first.status == 404);
            CHECK(second.status == 404);
            CHECK(m.origin.requests(path).size() > asked);
        }
    }
}

TEST_CASE("a blob that upstream did not have is pulled as soon as it does, and known from then on") {
    patient_mirror m;
    m.start();
    auto const bytes = random_bytes(1000, 9);
    auto const path = "/v2/library/alpine/blobs/" + digest_of(bytes);
    CHECK(m.head(path).status == 404);
    m.put_blob("library/alpine", bytes);
    CHECK(m.get(path).body == bytes);
    CHECK(m.head(path).status == 200);
}
