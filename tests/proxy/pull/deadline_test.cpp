// One request, one deadline: what a slow upstream takes for one question is missing for the next.
#include "tests/catch.h"
#include "tests/support/guarded_registry.h"
#include "tests/support/mirror.h"

using namespace tests;
using namespace std::chrono_literals;

namespace {

constexpr auto bound = 8000ms; // so much that what a busy machine adds is little beside it

// The first endpoint is silent, so that each question to it costs half of the time there is; the second answers HEAD
// alone.
struct slow_mirror : mirror {
    scripted_origin silent;
    std::shared_ptr<gate> held = gate::closed();

    slow_mirror() {
        auto& u = settings.upstreams[0];
        u.endpoints = {silent.endpoint(), origin.endpoint()};
        u.hedge_after = 0ms;
        u.first_byte_timeout = bound;
        u.prefetch = proxy::prefetch_mode::off;
    }
    ~slow_mirror() { held->open(); }
    void be_silent(std::string const& path) {
        for (auto const* method : {"GET", "HEAD"})
            silent.on(method, path).reply(reply().hold_head(held));
        origin.on("GET", path).reply(reply().hold_head(held));
    }
    // Without one deadline, twice the bound.
    void check_in_time(std::string const& path, http_client::headers h = {}) const {
        auto const begin = std::chrono::steady_clock::now();
        auto const a = get(path, std::move(h));
        CHECK(a.status == 504);
        CHECK(std::chrono::steady_clock::now() - begin < bound * 15 / 8);
    }
};

} // namespace

TEST_CASE("the HEAD of a tag and the GET of its manifest share one deadline") {
    slow_mirror m;
    auto const d = digest_of("a manifest");
    m.be_silent("/v2/library/alpine/manifests/1");
    m.be_silent("/v2/library/alpine/manifests/" + d);
    m.origin.on("HEAD", "/v2/library/alpine/manifests/1").reply(200, {{"Docker-Content-Digest", d}});
    m.start();
    m.check_in_time("/v2/library/alpine/manifests/1");
}

TEST_CASE("the question who may read and the download share one deadline") {
    slow_mirror m;
    m.settings.upstreams[0].access = proxy::upstream_access::per_client;
    auto const path = "/v2/team/app/blobs/" + digest_of("a blob");
    m.be_silent(path);
    m.origin.on("HEAD", path).reply(200);
    m.start();
    m.check_in_time(path);
}
