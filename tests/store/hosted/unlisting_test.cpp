// Manifests leave their repositories with all their tags, however many there are and whoever tags meanwhile.
#include "store/hosted/hosted_repositories.h"
#include "tests/catch.h"
#include "tests/store/hosted/hosted_store.h"

#include <thread>

using namespace store_tests;

namespace {

struct watched_store : hosted_store {
    watched_store() : hosted_store(start::closed, fast_folder()) {
        files = watched;
        open();
    }
    oci::digest push_cache(std::string const& name, oci::digest const& blob) {
        return put_manifest("local/a", cache_of(push("local/a", name + " config"), blob), {name});
    }
    void age() {
        store->maintain();
        now += 100'000;
        store->maintain();
    }
    void want_space() { store->set_limits({.keep_storage = 1}); }

    std::shared_ptr<watched_file_system> watched = std::make_shared<watched_file_system>();
};

} // namespace

TEST_CASE("a small blob that many build caches name goes without a write for each of them") {
    watched_store s;
    constexpr int count = 1500;
    auto const blob = s.push("local/a", content(5000));
    auto const tagged = [&](int i) { return s.tag("local/a", "cache" + std::to_string(i)).has_value(); };
    for (int i = 0; i < count; ++i)
        s.push_cache("cache" + std::to_string(i), blob);
    s.age();
    int writes = 0;
    s.watched->on_write = [&] { ++writes; };
    s.want_space();
    CHECK(writes < 100);
    CHECK_FALSE(s.store->find(blob).value());
    int left = 0;
    for (int i = 0; i < count; ++i)
        left += tagged(i);
    CHECK(left == 0);
}

TEST_CASE("what somebody begins to read before its turn keeps its image's tag") {
    watched_store s;
    std::vector<oci::digest> blobs;
    for (unsigned i = 0; i < 2; ++i) {
        blobs.push_back(s.push("local/a", content(5000, i)));
        s.push_cache("cache" + std::to_string(i), blobs.back());
    }
    std::vector<store::content_store::opened> readers;
    s.age();
    int looks = 0;
    s.watched->on_write = [&] {
        if (++looks == 2) // after the question whether anything may go: the first is about to
            for (auto const& d : blobs)
                readers.push_back(*s.store->open_blob(d).value());
    };
    s.want_space();
    CHECK(readers.size() == 2);
    CHECK(s.tag("local/a", "cache0").has_value() + s.tag("local/a", "cache1").has_value() == 1);
}

TEST_CASE("what goes with one blob goes from every repository, indexes too") {
    watched_store s;
    auto const blob = s.push("local/a", content(5000));
    auto const m = s.push_cache("cache", blob);
    auto const index = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" +
                       s.descriptor(m, hosted_store::image_type) + "]}";
    s.put_manifest("local/a", index, {"index", "index-too"});
    s.put_manifest("local/b", index, {"index"});
    auto const other = s.put_manifest("local/b", s.image_of(oci::digest::of("c"), oci::digest::of("l")), {"other"});
    s.age();
    s.want_space();
    CHECK_FALSE(s.store->find(blob).value());
    CHECK_FALSE(s.tag("local/a", "cache"));
    CHECK_FALSE(s.tag("local/a", "index"));
    CHECK_FALSE(s.tag("local/a", "index-too"));
    CHECK_FALSE(s.tag("local/b", "index"));
    CHECK_FALSE(s.shows("local/b", oci::digest::of(index)));
    CHECK(s.tag("local/b", "other") == other);
}

TEST_CASE("a manifest that is tagged while it is deleted keeps no tag without itself") {
    watched_store s;
    auto const bytes = s.image_of(oci::digest::of("c"), oci::digest::of("l"));
    constexpr int count = 300;
    std::atomic<bool> over = false;
    std::thread tags([&] {
        for (int i = 0; i < count; ++i)
            s.put_manifest("local/a", bytes, {"t" + std::to_string(i)});
        over = true;
    });
    auto const d = oci::digest::of(bytes);
    do
        s.hosted().remove_manifest("local/a", d).value();
    while (!over);
    tags.join();
    s.hosted().remove_manifest("local/a", d).value();
    int left = 0;
    for (int i = 0; i < count; ++i)
        left += s.tag("local/a", "t" + std::to_string(i)).has_value();
    CHECK(left == 0);
}
