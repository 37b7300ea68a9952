// What of pushed content makes room for pulls, or goes by a rule, and what stays because somebody counts on it.
#include "tests/store/hosted/collected_store.h"

using namespace store_tests;

TEST_CASE("a build cache makes room for pulls, whole") {
    collected_store s;
    auto const config = s.push("local/a", "cache config");
    auto const blob = s.push("local/a", content(3 << 20, 1));
    s.put_manifest("local/a", s.cache_of(config, blob), {"cache"});
    CHECK(s.store->find(blob).value()->kind == store::object_kind::cache_blob);
    s.age(100'000);
    s.store->maintain();
    s.store->set_limits({.keep_storage = 2 << 20});
    CHECK_FALSE(s.is_here(blob));
    CHECK_FALSE(s.tag("local/a", "cache"));
}

TEST_CASE("a build cache's blob that a push has just taken over makes no room until the push had its time") {
    collected_store s;
    auto const blob = s.push("local/a", content(5000, 1));
    s.put_manifest("local/a", s.cache_of(s.push("local/a", "cache config"), blob), {"cache"});
    s.age(100'000);
    std::string const from = "local/a";
    REQUIRE(s.hosted().mount("local/b", blob, &from).value());
    s.now += 3000; // the other layers are still being sent
    s.store->maintain();
    s.store->set_limits({.keep_storage = 1});
    CHECK(s.shows("local/b", blob));
    CHECK(s.tag("local/a", "cache"));
    s.store->set_limits({});
    s.age();
    s.store->maintain();
    s.store->set_limits({.keep_storage = 1});
    CHECK_FALSE(s.is_here(blob));
}

TEST_CASE("a short grace time breaks no promise that was made to a push") {
    collected_store s;
    s.set_rules({.grace = std::chrono::seconds(0)});
    auto const blob = s.push("local/a", content(5000, 1));
    s.put_manifest("local/a", s.cache_of(s.push("local/a", "cache config"), blob), {"cache"});
    s.age(100'000);
    s.hosted().rely_on(blob);
    s.now += 10;
    CHECK(s.collect() == 0);
    s.store->set_limits({.keep_storage = 1});
    CHECK(s.shows("local/a", blob));
}

TEST_CASE("a layer of an image makes no room because a build cache of another repository has it too") {
    collected_store s;
    auto const i = s.push_image("local/a", {"v1"}, 1);
    std::string const from = "local/a";
    REQUIRE(s.hosted().mount("local/b", i.layer, &from).value());
    s.put_manifest("local/b", s.cache_of(s.push("local/b", "cache config"), i.layer), {"cache"});
    CHECK(s.store->find(i.layer).value()->kind == store::object_kind::layer);
    s.age(100'000);
    s.store->maintain();
    s.store->set_limits({.keep_storage = 1});
    CHECK(s.shows("local/a", i.layer));
    CHECK(s.tag("local/a", "v1") == i.manifest);
}

TEST_CASE("what was pulled becomes an image's own, though its upload had failed after the link was made") {
    collected_store s;
    auto const bytes = content(5000, 9);
    auto const base = s.put(bytes, {store::object_kind::layer, store::object_origin::pull, {}});
    REQUIRE(s.store->index().put_link("docker.io/base", base, {5000, {}, store::object_kind::layer, s.now}));
    s.files->free = 32 << 20; // of which the index takes some still
    REQUIRE_FALSE(s.hosted().put_small_blob("local/a", base, bytes));
    s.files->free = std::uint64_t{1} << 40;
    REQUIRE(s.shows("local/a", base)); // so no client sends it again
    auto const m = s.put_manifest("local/a", s.image_of(s.push("local/a", "config"), base), {"v1"});
    CHECK(s.store->find(base).value()->origin == store::object_origin::push);
    s.age(100'000);
    s.store->maintain();
    s.store->set_limits({.keep_storage = 1});
    CHECK(s.shows("local/a", base));
    CHECK(s.tag("local/a", "v1") == m);
    s.store->set_limits({});
    s.files->boot = "after a power cut";
    s.reopen();
    CHECK((s.get(base) == bytes));
}

TEST_CASE("a manifest is refused if what it names was pulled and cannot be made to last") {
    collected_store s;
    auto const base = s.put(content(5000, 9), {store::object_kind::layer, store::object_origin::pull, {}});
    REQUIRE(s.store->index().put_link("local/a", base, {5000, {}, store::object_kind::layer, s.now}));
    auto const bytes = s.image_of(s.push("local/a", "config"), base);
    auto const parsed = oci::parse_manifest(bytes, hosted_store::image_type).value();
    s.files->fail("sync_data", EIO);
    CHECK_FALSE(s.hosted().put_manifest("local/a", {oci::digest::of(bytes), bytes, parsed, {}, {}}));
    CHECK_FALSE(s.shows("local/a", oci::digest::of(bytes)));
}

TEST_CASE("what a push counts on makes no room, and its images keep their tags") {
    collected_store s;
    constexpr unsigned count = 40; // more than go at once
    std::vector<oci::digest> blobs;
    for (unsigned i = 0; i < count; ++i) {
        blobs.push_back(s.push("local/a", content(5000, i)));
        s.put_manifest("local/a", s.cache_of(s.push("local/a", "cache config " + std::to_string(i)), blobs.back()),
                       {"cache" + std::to_string(i)});
    }
    s.age(100'000);
    for (auto const& d : blobs)
        s.hosted().rely_on(d);
    s.store->maintain();
    s.store->set_limits({.keep_storage = 1});
    for (unsigned i = 0; i < count; ++i) {
        CHECK(s.shows("local/a", blobs[i]));
        CHECK(s.tag("local/a", "cache" + std::to_string(i)));
    }
}

TEST_CASE("what is mounted while a run that wants it gone is under way stays") {
    collected_store s;
    constexpr unsigned count = 40; // more than go at once
    std::vector<oci::digest> blobs;
    for (unsigned i = 0; i < count; ++i) {
        blobs.push_back(s.put(content(5000, i), {store::object_kind::layer, store::object_origin::pull, {}}));
        REQUIRE(s.store->index().put_link("docker.io/base", blobs.back(), {5000, {}, store::object_kind::layer, 0}));
    }
    s.age();
    store::gc_rule rule;
    rule.filters.push_back(*store::gc_filter::parse("origin==pull"));
    s.store->set_rules({rule});
    bool mounted = false;
    s.store->collect({.progress =
                          [&](std::size_t, std::size_t) {
                              mounted = mounted || s.hosted().mount("local/a", blobs.back(), nullptr).value();
                          },
                      .stop = {}});
    CHECK(mounted);
    CHECK(s.shows("local/a", blobs.back()));
    CHECK(s.store->used().objects == 1);
}
