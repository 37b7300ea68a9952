#include "proxy/pull/prefetch_history.h"
#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

namespace {

std::vector<oci::digest> layers(std::string const& image) {
    return {oci::digest::of(image + " layer 1"), oci::digest::of(image + " layer 2")};
}

struct history_bench {
    prefetch_history history;
    prefetch_history::clock::time_point now{};

    bool asks_manifest(std::string const& client, std::string const& image) {
        return history.manifest_asked(client, layers(image), now);
    }
    bool asks_layer(std::string const& client, std::string const& image, std::size_t i = 0) {
        return history.blob_asked(client, layers(image)[i], now);
    }
    void pulls(std::string const& client, std::string const& image) {
        asks_manifest(client, image);
        asks_layer(client, image);
    }
    void looks_at(std::string const& client, std::string const& image) {
        asks_manifest(client, image);
        now += 61s;
    }
};

} // namespace

TEST_CASE("a family is a program without its version") {
    CHECK(client_family("containerd/1.7.2") == "containerd");
    CHECK(client_family("Docker-Client/24.0 (linux)") == "docker-client");
    CHECK(client_family("skopeo") == "skopeo");
    CHECK(client_family("(compatible)").empty());
    CHECK(client_family("").empty());
    CHECK(client_family(std::string(500, 'x')).size() == 40);
}

TEST_CASE("nothing is expected of a client that was never seen") {
    history_bench h;
    CHECK_FALSE(h.asks_manifest("containerd", "a"));
    CHECK_FALSE(h.asks_manifest("containerd", "b")); // nor while it is not known what it will do
}

TEST_CASE("a client that went on to pull a layer is expected to do so again, and it alone") {
    history_bench h;
    h.pulls("containerd", "a");
    CHECK(h.asks_manifest("containerd", "b"));
    CHECK_FALSE(h.asks_manifest("skopeo", "b"));
}

TEST_CASE("a layer that another client asks for says nothing about the first") {
    history_bench h;
    h.asks_manifest("skopeo", "a");
    h.asks_layer("containerd", "a");
    h.now += 61s;
    CHECK_FALSE(h.asks_manifest("skopeo", "b"));
}

TEST_CASE("a layer asked for after a minute belongs to another pull") {
    history_bench h;
    h.asks_manifest("containerd", "a");
    h.now += 61s;
    h.asks_layer("containerd", "a");
    CHECK_FALSE(h.asks_manifest("containerd", "b"));
}

TEST_CASE("seven of eight manifests are enough, fewer are not") {
    history_bench h;
    for (int i = 0; i < 7; ++i)
        h.pulls("crane", "a" + std::to_string(i));
    h.looks_at("crane", "b");
    CHECK(h.asks_manifest("crane", "c"));
    h.now += 61s; // that was another one without
    CHECK_FALSE(h.asks_manifest("crane", "d"));
}

TEST_CASE("a client that looks at every platform's manifest and pulls one is not expected to pull the others") {
    history_bench h;
    h.asks_manifest("containerd", "a for amd64");
    h.asks_manifest("containerd", "a for arm64");
    h.asks_layer("containerd", "a for amd64");
    h.now += prefetch_history::soon;
    CHECK_FALSE(h.asks_manifest("containerd", "b for amd64"));
    CHECK_FALSE(h.asks_manifest("containerd", "b for arm64"));
}

TEST_CASE("layers that a client left alone when it saw their manifest are not expected to be asked for") {
    history_bench h;
    h.asks_manifest("containerd", "a for amd64");
    h.asks_manifest("containerd", "a for arm64");
    h.asks_layer("containerd", "a for amd64");
    CHECK_FALSE(h.asks_manifest("containerd", "a for arm64"));
}

TEST_CASE("a layer that two platforms share does not say which of them is pulled") {
    history_bench h;
    auto const shared = oci::digest::of("base");
    h.history.manifest_asked("containerd", {shared, oci::digest::of("amd64")}, h.now);
    h.history.manifest_asked("containerd", {shared, oci::digest::of("arm64")}, h.now);
    h.history.blob_asked("containerd", shared, h.now);
    h.history.blob_asked("containerd", oci::digest::of("amd64"), h.now);
    h.history.blob_asked("containerd", shared, h.now);
    h.now += prefetch_history::soon;
    CHECK_FALSE(h.asks_manifest("containerd", "b"));
}

TEST_CASE("what a client did long ago is forgotten for what it does now") {
    history_bench h;
    for (int i = 0; i < 100; ++i)
        h.pulls("tool", "a" + std::to_string(i));
    for (unsigned i = 0; i <= prefetch_history::remembered / 2; ++i)
        h.looks_at("tool", "b" + std::to_string(i));
    CHECK_FALSE(h.asks_manifest("tool", "c"));
    for (unsigned i = 0; i < prefetch_history::remembered; ++i)
        h.pulls("tool", "d" + std::to_string(i));
    CHECK(h.asks_manifest("tool", "e"));
}

TEST_CASE("a blob that was fetched ahead is used once") {
    history_bench h;
    auto const d = layers("a")[0];
    CHECK_FALSE(h.history.may_matter(d));
    h.history.fetched_ahead(d);
    h.history.fetched_ahead(d);
    CHECK(h.history.may_matter(d));
    CHECK(h.asks_layer("anybody", "a"));
    CHECK_FALSE(h.asks_layer("anybody", "a"));
    CHECK_FALSE(h.history.may_matter(d));
}

TEST_CASE("what is remembered is bounded, and what is forgotten no longer matters") {
    history_bench h;
    for (std::size_t i = 0; i < 2 * prefetch_history::max_open; ++i)
        h.asks_manifest("client " + std::to_string(i), std::to_string(i));
    for (std::size_t i = 0; i < 2 * prefetch_history::max_ahead; ++i)
        h.history.fetched_ahead(oci::digest::of(std::to_string(i)));
    CHECK_FALSE(h.asks_layer("client 0", "0"));
    CHECK_FALSE(h.history.blob_asked("any", oci::digest::of("0"), h.now));
    CHECK(h.history.blob_asked("any", oci::digest::of(std::to_string(2 * prefetch_history::max_ahead - 1)), h.now));
}

TEST_CASE("a manifest that names a layer twice, or is asked for twice, is one that ends whole") {
    history_bench h;
    auto const d = layers("a")[0];
    h.history.manifest_asked("containerd", {d, d}, h.now);
    h.history.manifest_asked("containerd", {d, d}, h.now);
    h.history.blob_asked("containerd", d, h.now);
    CHECK(h.asks_manifest("containerd", "b")); // both were followed
    h.now += 2 * prefetch_history::patience;
    h.asks_layer("containerd", "c");
    CHECK_FALSE(h.history.may_matter(d));
}
