// Layers that are fetched before the client asks for them.
#include "proxy/pull/prefetcher.h"
#include "tests/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/mirror.h"

#include <boost/json/parse.hpp>

using namespace tests;

namespace {

std::string const repo = "library/alpine";
std::string blob_path(std::string const& bytes) {
    return "/v2/" + repo + "/blobs/" + digest_of(bytes);
}
std::string manifest_path(std::string const& tag) {
    return "/v2/" + repo + "/manifests/" + tag;
}

struct image {
    std::string config, first, second;
    std::string tag;

    explicit image(unsigned seed)
        : config(random_bytes(400, seed)), first(random_bytes(200'000, seed + 1)),
          second(random_bytes(150'000, seed + 2)), tag("t" + std::to_string(seed)) {}
    std::string manifest() const { return image_manifest({config, first, second}); }
};

struct prefetching : mirror {
    explicit prefetching(proxy::prefetch_mode mode) {
        for (auto& u : settings.upstreams)
            u.prefetch = mode;
    }
    image put(unsigned seed) {
        image i(seed);
        put_manifest(repo, i.tag, i.manifest());
        for (auto const* b : {&i.config, &i.first, &i.second})
            put_blob(repo, *b);
        return i;
    }
    http_answer get_as(std::string const& program, std::string const& path) const {
        return get(path, {{"User-Agent", program + "/1.2 (linux)"}});
    }
    std::size_t fetched(std::string const& blob) const { return origin.count("GET", blob_path(blob)); }
    std::int64_t counted(char const* what) const {
        return boost::json::parse(stats()).at("prefetch").at(what).to_number<std::int64_t>();
    }
};

} // namespace

TEST_CASE("a manifest's config and layers are fetched once it was pulled, and then are hits") {
    prefetching m(proxy::prefetch_mode::on);
    auto const i = m.put(1);
    m.start();
    CHECK(m.get(manifest_path(i.tag)).body == i.manifest());
    CHECK(eventually(
        [&] { return m.counted("blobs") == 3 && m.stats().find(R"("running_fills":0)") != std::string::npos; }));
    for (auto const& b : {i.config, i.first, i.second}) {
        auto const a = m.get(blob_path(b));
        CHECK(a.body == b);
        CHECK(a.header("Cache-Status") == "layerd; hit");
        CHECK(m.fetched(b) == 1);
    }
    CHECK(m.counted("used") == 3);
}

TEST_CASE("a client joins the download that was begun for it") {
    prefetching m(proxy::prefetch_mode::on);
    image const i(1);
    auto const flow = gate::closed();
    m.put_manifest(repo, i.tag, i.manifest());
    m.origin.on("GET", blob_path(i.first)).reply(reply(200).body(i.first).hold_body(flow));
    m.start();
    m.get(manifest_path(i.tag));
    CHECK(m.origin.wait_for(blob_path(i.first), 1));
    http_client c(m.server->port());
    c.send_get(blob_path(i.first));
    c.read_raw_until("collapsed");
    flow->open();
    auto const head = c.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
    CHECK((c.read_raw_at_least(head + i.first.size()).substr(head) == i.first));
    CHECK(m.fetched(i.first) == 1);
}

TEST_CASE("by itself only what a program like this went on to pull is fetched ahead") {
    prefetching m(proxy::prefetch_mode::automatic);
    auto const first = m.put(1), looked_at = m.put(10), looked_at_again = m.put(20);
    m.start();
    m.get_as("containerd", manifest_path(first.tag));
    m.get_as("containerd", blob_path(first.first));
    m.get_as("skopeo", manifest_path(looked_at.tag));
    m.get_as("skopeo", blob_path(looked_at.config));
    unsigned seed = 100;
    CHECK(eventually([&] { // what a manifest names is looked for behind its answer
        auto const next = m.put(seed += 10);
        m.get_as("containerd", manifest_path(next.tag));
        m.get_as("containerd", blob_path(next.first));
        return m.counted("blobs") > 0;
    }));
    m.get_as("skopeo", manifest_path(looked_at_again.tag));
    m.server->stop();
    CHECK(m.fetched(first.second) == 0);
    CHECK(m.fetched(looked_at.first) + m.fetched(looked_at_again.first) + m.fetched(looked_at_again.config) == 0);
}

TEST_CASE("nothing is fetched ahead where that is off, or for a HEAD") {
    auto const mode = GENERATE(proxy::prefetch_mode::off, proxy::prefetch_mode::on);
    prefetching m(mode);
    auto const i = m.put(1);
    m.start();
    m.head(manifest_path(i.tag));
    if (mode == proxy::prefetch_mode::off)
        m.get(manifest_path(i.tag));
    m.server->stop();
    CHECK(m.fetched(i.config) + m.fetched(i.first) + m.fetched(i.second) == 0);
}

TEST_CASE("what names more than any image does has nothing fetched ahead") {
    prefetching m(proxy::prefetch_mode::on);
    std::vector<std::string> many;
    for (std::size_t i = 0; i <= proxy::prefetcher::max_waiting; ++i)
        many.push_back("layer " + std::to_string(i));
    m.put_manifest(repo, "many", image_manifest(many));
    auto const next = m.put(1);
    m.start();
    REQUIRE(m.get(manifest_path("many")).status == 200);
    REQUIRE(m.get(manifest_path(next.tag)).status == 200);
    CHECK(m.origin.wait_for(blob_path(next.second), 1));
    m.server->stop();
    for (auto const& layer : many)
        CHECK(m.fetched(layer) == 0);
}

TEST_CASE("layers that are kept elsewhere are not fetched ahead") {
    prefetching m(proxy::prefetch_mode::on);
    std::string const config = "config", here = "layer here", foreign = "layer elsewhere";
    auto manifest = image_manifest({config, foreign, here});
    auto const at = manifest.find("\"size\":" + std::to_string(foreign.size()));
    manifest.insert(at, R"("urls":["https://example.com/layer"],)");
    m.put_manifest(repo, "1", manifest);
    for (auto const& b : {config, here, foreign})
        m.put_blob(repo, b);
    m.start();
    CHECK(m.get(manifest_path("1")).body == manifest);
    CHECK(m.origin.wait_for(blob_path(here), 1));
    CHECK(m.origin.wait_for(blob_path(config), 1)); // each looks for room first: one may overtake the other
    m.server->stop();
    CHECK(m.fetched(foreign) == 0);
}

TEST_CASE("nothing has to go for what is fetched ahead") {
    prefetching m(proxy::prefetch_mode::on);
    m.settings.gc.keep_storage = {32ull << 20, {}};
    std::string const config = "config", small = "a small layer";
    auto const large = random_bytes(40 << 20, 1);
    m.put_manifest(repo, "1", image_manifest({config, large, small}));
    for (auto const& b : {config, large, small})
        m.put_blob(repo, b);
    m.start();
    m.get(manifest_path("1"));
    CHECK(m.origin.wait_for(blob_path(small), 1));
    m.server->stop();
    CHECK(m.fetched(large) == 0);
}

TEST_CASE("what too many downloads leave no place for counts as fetched by nobody") {
    prefetching m(proxy::prefetch_mode::on);
    m.settings.server.max_fills = 1;
    auto const i = m.put(1);
    m.start();
    m.get(manifest_path(i.tag));
    CHECK(eventually([&] {
        auto const fetched = m.fetched(i.config) + m.fetched(i.first) + m.fetched(i.second);
        return fetched > 0 && m.stats().find(R"("running_fills":0)") != std::string::npos &&
               m.counted("blobs") == static_cast<std::int64_t>(fetched);
    }));
}

TEST_CASE("a download ahead that fails is the client's to begin again") {
    prefetching m(proxy::prefetch_mode::on);
    image const i(1);
    m.put_manifest(repo, i.tag, i.manifest());
    m.origin.on("GET", blob_path(i.first)).reply(404).serve(i.first);
    m.start();
    m.get(manifest_path(i.tag));
    CHECK(m.origin.wait_for(blob_path(i.first), 1));
    CHECK(eventually([&] { return m.get(blob_path(i.first)).body == i.first; }));
}
