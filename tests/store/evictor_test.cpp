// What goes first: images as a whole, by use, never what is pinned; and that this is remembered.
#include "store/integrity/scrubber.h"
#include "tests/catch.h"
#include "tests/store/fixture.h"

using namespace store_tests;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;

struct image {
    std::string repo;
    oci::digest manifest;
    oci::digest config;
    std::vector<oci::digest> layers;
};

struct image_store : test_store {
    explicit image_store(std::uint64_t keep_storage) : test_store(start::closed, fast_folder()) {
        limits.keep_storage = keep_storage;
        open();
        store->maintain();
    }

    oci::digest put_layer(unsigned seed, std::size_t size = mib) {
        return put(content(size, seed), {.kind = store::object_kind::layer});
    }

    // As a pull leaves it: the manifest first, then its parts.
    image put_image(std::string const& repo, unsigned seed, std::vector<oci::digest> layers) {
        auto const bytes = content(900, seed);
        image i{repo, oci::digest::of(bytes), oci::digest::of(content(800, seed + 1)), std::move(layers)};
        put(bytes, {.kind = store::object_kind::manifest, .media_type = "m/m"});
        oci::manifest m{.media_type = "m/m"};
        m.children.push_back({.media_type = "c/c", .digest = i.config, .size = 800, .role = oci::child_role::config});
        for (auto const& l : i.layers)
            m.children.push_back({.media_type = "l/l", .digest = l, .size = mib, .role = oci::child_role::layer});
        (void)store->index().put_manifest(repo, i.manifest, m, bytes.size()).value();
        put(content(800, seed + 1), {.kind = store::object_kind::config});
        return i;
    }
    image pull(std::string const& repo, unsigned seed, std::size_t layers) {
        std::vector<oci::digest> all;
        for (std::size_t n = 0; n < layers; ++n)
            all.push_back(put_layer(seed + 10 + static_cast<unsigned>(n)));
        return put_image(repo, seed, std::move(all));
    }

    bool has(oci::digest const& d) { return store->find(d).value().has_value(); }
    std::size_t parts_of(image const& i) {
        std::size_t n = has(i.manifest) + has(i.config);
        for (auto const& l : i.layers)
            n += has(l);
        return n;
    }
    bool whole(image const& i) { return parts_of(i) == i.layers.size() + 2; }

    void later(std::int64_t seconds) {
        now += seconds;
        store->maintain();
    }
    void pull_again(image const& i) {
        (void)get(i.manifest);
        (void)get(i.config);
        for (auto const& l : i.layers)
            (void)get(l);
        store->maintain();
    }
    store::gc_report collect(bool dry = false) { return store->collect({.dry_run = dry, .progress = {}}); }
    void rules(std::vector<store::gc_rule> r) { store->set_rules(std::move(r)); }
};

store::gc_rule rule(std::initializer_list<char const*> filters) {
    store::gc_rule r{.name = "policy 1"};
    for (auto const* f : filters)
        r.filters.push_back(*store::gc_filter::parse(f));
    return r;
}

} // namespace

TEST_CASE("unused images go one after the other, not a layer of each") {
    image_store s(40 * mib);
    std::vector<image> images;
    for (unsigned i = 0; i < 8; ++i) {
        images.push_back(s.pull("docker.io/a" + std::to_string(i), 100 * i, 4));
        s.later(1000);
    }
    for (unsigned i = 0; i < 3; ++i)
        s.put_layer(5000 + i, 4 * mib);
    std::size_t halves = 0, wholes = 0;
    for (auto const& i : images) {
        wholes += s.whole(i);
        halves += !s.whole(i) && s.has(i.manifest);
    }
    CHECK(wholes >= 4);
    CHECK(halves <= 1);
}

TEST_CASE("a layer that two images share stays for the one that is used") {
    image_store s(24 * mib);
    auto const shared = s.put_layer(1, 2 * mib);
    auto const old = s.put_image("docker.io/old", 10, {shared, s.put_layer(2, 2 * mib)});
    auto const used = s.put_image("docker.io/used", 20, {shared, s.put_layer(3, 2 * mib)});
    for (unsigned i = 0; i < 12; ++i) {
        s.later(1000);
        s.pull_again(used);
        s.put_layer(100 + i, 2 * mib);
    }
    CHECK(s.whole(used));
    CHECK_FALSE(s.has(old.layers[1]));
}

TEST_CASE("a layer stays with the other of its images, though both were pulled at the same time") {
    image_store s(40 * mib);
    auto const shared = s.put_layer(1, 2 * mib);
    auto const old = s.put_image("docker.io/old", 10, {shared, s.put_layer(2, 12 * mib)});
    auto const used = s.put_image("docker.io/used", 20, {shared, s.put_layer(3, 2 * mib)});
    s.pull_again(used);
    for (unsigned i = 0; i < 10; ++i)
        s.put_layer(100 + i, 4 * mib);
    CHECK_FALSE(s.has(old.layers[1]));
    CHECK(s.whole(used));
}

TEST_CASE("runners that have the layers and ask for the manifest alone keep the image here", "[long]") {
    image_store s(24 * mib);
    auto const used = s.pull("docker.io/used", 10, 3);
    for (unsigned i = 0; i < 40; ++i) {
        s.later(1000);
        (void)s.get(used.manifest);
        s.store->maintain();
        s.put_layer(100 + i, 2 * mib);
    }
    CHECK(s.has(used.manifest));
    CHECK(s.has(used.config));
    for (auto const& l : used.layers)
        CHECK(s.has(l));
}

TEST_CASE("what is pinned stays, and so does all that it names", "[long]") {
    image_store s(24 * mib);
    auto const kept = s.pull("docker.io/kept", 10, 3);
    auto const tag = oci::parse_reference("v1").value();
    (void)s.store->index().put_tag("docker.io/kept", std::get<oci::tag>(tag), {.digest = kept.manifest}).value();
    (void)s.store->index().put_pin("docker.io/kept", tag).value();
    for (unsigned i = 0; i < 30; ++i)
        s.put_layer(100 + i, 2 * mib);
    CHECK(s.whole(kept));

    s.reopen();
    s.store->maintain();
    for (unsigned i = 0; i < 30; ++i)
        s.put_layer(200 + i, 2 * mib);
    CHECK(s.whole(kept));
    REQUIRE(s.store->index().pins().value().size() == 1);
    CHECK(s.store->index().pins().value()[0].reference == "v1");

    CHECK(s.store->index().remove_pin("docker.io/kept", tag).value());
    CHECK_FALSE(s.store->index().remove_pin("docker.io/kept", tag).value());
    for (unsigned i = 0; i < 60; ++i)
        s.put_layer(300 + i, 2 * mib);
    CHECK_FALSE(s.whole(kept));
}

TEST_CASE("a pin follows its tag", "[long]") {
    image_store s(24 * mib);
    auto const name = oci::parse_reference("latest").value();
    auto const& tag = std::get<oci::tag>(name);
    auto const before = s.pull("docker.io/a", 10, 2);
    (void)s.store->index().put_tag("docker.io/a", tag, {.digest = before.manifest}).value();
    (void)s.store->index().put_pin("docker.io/a", name).value();
    auto const after = s.pull("docker.io/a", 50, 2);
    (void)s.store->index().put_tag("docker.io/a", tag, {.digest = after.manifest}).value();
    for (unsigned i = 0; i < 60; ++i)
        s.put_layer(100 + i, 2 * mib);
    CHECK(s.whole(after));
    CHECK_FALSE(s.whole(before));
}

TEST_CASE("what comes for a pinned image later is pinned as well") {
    image_store s(24 * mib);
    auto const layer = oci::digest::of(content(2 * mib, 7));
    auto const i = s.put_image("docker.io/a", 10, {layer}); // its layer is not here yet
    (void)s.store->index().put_pin("docker.io/a", i.manifest).value();
    s.put_layer(7, 2 * mib);
    for (unsigned n = 0; n < 30; ++n)
        s.put_layer(100 + n, 2 * mib);
    CHECK(s.whole(i));
}

TEST_CASE("when all that is here is pinned, new content is refused") {
    image_store s(16 * mib);
    auto const kept = s.pull("docker.io/kept", 10, 10);
    (void)s.store->index().put_pin("docker.io/kept", kept.manifest).value();
    auto const r = s.store->begin(oci::algorithm::sha256, 8 * mib);
    REQUIRE(!r);
    CHECK(r.error().code == store::errc::no_space);
    CHECK(s.whole(kept));
}

TEST_CASE("which content was used last is known after a restart") {
    image_store s(24 * mib);
    std::vector<oci::digest> layers;
    for (unsigned i = 0; i < 8; ++i)
        layers.push_back(s.put_layer(i, 2 * mib));
    s.later(100);
    for (unsigned i = 0; i < 4; ++i)
        (void)s.get(layers[i]);
    s.store->maintain();
    REQUIRE(s.store->flush());
    s.reopen();
    s.store->maintain();
    for (unsigned i = 0; i < 6; ++i)
        s.put_layer(100 + i, 2 * mib);
    for (unsigned i = 0; i < 4; ++i)
        CHECK(s.has(layers[i]));
    CHECK(s.has(layers[4]) + s.has(layers[5]) + s.has(layers[6]) + s.has(layers[7]) <= 2);
}

TEST_CASE("a rule removes what its filter selects and was not used for its duration") {
    image_store s(100 * mib);
    auto const old = s.pull("docker.io/old", 10, 2);
    s.later(5000);
    auto const young = s.pull("docker.io/young", 50, 2);
    auto r = rule({"type==oci.layer"});
    r.keep_duration = std::chrono::seconds(3600);
    s.rules({r});

    auto const dry = s.collect(true);
    CHECK(dry.dry_run);
    CHECK(dry.total().objects == 2);
    CHECK(s.whole(old));
    CHECK(dry.items.at(0).why == "policy 1");

    auto const done = s.collect();
    CHECK(done.total().objects == 2);
    CHECK(done.total().bytes == dry.total().bytes);
    CHECK(s.parts_of(old) == 2);
    CHECK(s.whole(young));
    CHECK(s.store->used().evicted[static_cast<std::size_t>(store::gc_reason::policy)].objects == 2);
    CHECK(s.collect().total().objects == 0);
}

TEST_CASE("that a crash made an object be checked is no use of it") {
    image_store s(100 * mib);
    auto const old = s.put_layer(1);
    s.now += 5000;
    s.files->boot = "second boot";
    s.reopen();
    s.store->maintain();
    store::scrubber checks(*s.store);
    while (!checks.step(64 * mib).value().pass_completed) {
    }
    auto r = rule({});
    r.keep_duration = std::chrono::seconds(3600);
    s.rules({r});
    CHECK(s.collect().total().objects == 1);
    CHECK_FALSE(s.has(old));
}

TEST_CASE("a rule without all leaves manifests and configs as long as their layers are here") {
    image_store s(100 * mib);
    auto const i = s.pull("docker.io/a", 10, 2);
    auto r = rule({"type==oci.manifest", "type==oci.config"});
    s.rules({r});
    CHECK(s.collect().total().objects == 0);
    CHECK(s.whole(i));
    r.all = true;
    s.rules({r});
    CHECK(s.collect().total().objects == 2);
    CHECK(s.parts_of(i) == 2);
}

TEST_CASE("a rule about everything takes images from the layers upwards") {
    image_store s(100 * mib);
    auto const i = s.pull("docker.io/a", 10, 3);
    s.rules({rule({})});
    auto const report = s.collect();
    CHECK(s.parts_of(i) == 0);
    REQUIRE(report.items.size() == 5);
    CHECK(report.items[3].kind == store::object_kind::config);
    CHECK(report.items[4].kind == store::object_kind::manifest);
}

TEST_CASE("a rule cleans down to its bound, the longest unused first") {
    image_store s(100 * mib);
    std::vector<oci::digest> layers;
    for (unsigned i = 0; i < 10; ++i) {
        layers.push_back(s.put_layer(i));
        s.later(10);
    }
    auto r = rule({"type==oci.layer"});
    r.max_used_space = 4 * mib;
    s.rules({r});
    CHECK(s.collect().total().objects == 6);
    for (unsigned i = 0; i < 10; ++i)
        CHECK(s.has(layers[i]) == (i >= 6));
}

TEST_CASE("reserved_space is what a rule leaves") {
    image_store s(100 * mib);
    for (unsigned i = 0; i < 10; ++i)
        s.put_layer(i);
    auto r = rule({});
    r.reserved_space = 7 * mib;
    r.max_used_space = 2 * mib;
    s.rules({r});
    CHECK(s.collect().total().objects == 3);
}

TEST_CASE("a ceiling holds while content comes in", "[long]") {
    image_store s(100 * mib);
    auto r = rule({"type==cache.blob"});
    r.max_used_space = 5 * mib;
    s.rules({r});
    auto const layer = s.put_layer(1);
    for (unsigned i = 0; i < 20; ++i) {
        s.put(content(mib, 100 + i), {.kind = store::object_kind::cache_blob});
        std::uint64_t cached = 0;
        for (unsigned n = 0; n <= i; ++n)
            cached += s.has(oci::digest::of(content(mib, 100 + n))) * mib;
        REQUIRE(cached <= 5 * mib);
    }
    CHECK(s.has(layer));
}

TEST_CASE("below a ceiling that duration protects, new content is refused") {
    image_store s(100 * mib);
    auto r = rule({"type==cache.blob"});
    r.max_used_space = 3 * mib;
    r.keep_duration = std::chrono::hours(1);
    s.rules({r});
    auto const put = [&](unsigned seed) {
        auto const bytes = content(mib, seed);
        return s.store->put(oci::digest::of(bytes), bytes, {.kind = store::object_kind::cache_blob});
    };
    for (unsigned i = 0; i < 3; ++i)
        REQUIRE(put(i));
    auto const refused = put(3);
    REQUIRE(!refused);
    CHECK(refused.error().code == store::errc::no_space);
    s.later(4000);
    CHECK(put(3));
}

TEST_CASE("rules by repository leave alone what another repository holds too") {
    image_store s(100 * mib);
    auto const shared = s.put_layer(1);
    auto const here = s.put_image("docker.io/here", 10, {shared, s.put_layer(2)});
    auto const there = s.put_image("ghcr.io/there", 30, {shared, s.put_layer(3)});
    auto r = rule({"repository==docker.io/here"});
    s.rules({r});
    s.collect();
    CHECK(s.whole(there));
    CHECK_FALSE(s.has(here.layers[1]));
    s.rules({rule({"upstream==ghcr.io"})});
    s.collect();
    CHECK_FALSE(s.has(there.layers[1]));
    CHECK(s.has(shared));
    s.rules({rule({"upstream~=^(ghcr|docker)\\.io$"})});
    s.collect();
    CHECK_FALSE(s.has(shared));
}

TEST_CASE("rules are followed after a restart too") {
    image_store s(100 * mib);
    auto const i = s.pull("docker.io/a", 10, 2);
    s.pull("docker.io/b", 60, 2);
    s.reopen();
    s.rules({rule({"repository==docker.io/a"})});
    s.collect();
    CHECK(s.parts_of(i) == 0);
    CHECK(s.store->used().objects == 4);
}

TEST_CASE("no rule takes what is pinned or being read") {
    image_store s(100 * mib);
    auto const pinned = s.pull("docker.io/a", 10, 2);
    (void)s.store->index().put_pin("docker.io/a", pinned.manifest).value();
    auto const read = s.put_layer(100);
    auto const reading = s.store->open_blob(read).value();
    auto r = rule({});
    r.all = true;
    s.rules({r});
    auto const report = s.collect();
    CHECK(s.whole(pinned));
    CHECK(s.has(read));
    CHECK(report.kept_in_use == 1);
}

TEST_CASE("a run tells how far it is") {
    image_store s(100 * mib);
    for (unsigned i = 0; i < 200; ++i)
        s.put(content(2000, i));
    s.rules({rule({})});
    std::vector<std::size_t> seen;
    s.store->collect({.dry_run = false, .progress = [&](std::size_t done, std::size_t of) {
                          CHECK(of == 200);
                          seen.push_back(done);
                      }});
    REQUIRE(seen.size() >= 3);
    CHECK(std::is_sorted(seen.begin(), seen.end()));
    CHECK(seen.back() == 200);
}

TEST_CASE("what is here is counted by origin and kind, as it comes, changes and goes") {
    image_store s(64 * mib);
    auto const i = s.pull("r/a", 1, 2);
    auto const of = [&](store::object_origin o, store::object_kind k) {
        return s.store->used().contents[static_cast<std::size_t>(o)][static_cast<std::size_t>(k)];
    };
    using store::object_kind;
    auto const pulled = store::object_origin::pull, pushed = store::object_origin::push;
    CHECK(of(pulled, object_kind::layer).objects == 2);
    CHECK(of(pulled, object_kind::layer).bytes == 2 * mib);
    CHECK(of(pulled, object_kind::manifest).objects == 1);
    CHECK(of(pulled, object_kind::config).objects == 1);
    // The first of the layers, pushed too.
    s.put(content(mib, 11), {.kind = object_kind::layer, .origin = store::object_origin::push});
    CHECK(of(pulled, object_kind::layer).objects == 1);
    CHECK(of(pushed, object_kind::layer).objects == 1);
    REQUIRE(s.store->remove(i.layers[1]));
    CHECK(of(pulled, object_kind::layer).objects == 0);
    CHECK(of(pulled, object_kind::layer).bytes == 0);
}

TEST_CASE("what comes back soon after it had to go is counted") {
    image_store s(16 * mib);
    auto const first = s.put_layer(1);
    CHECK(s.store->used().returned == store::gc_sum{});
    for (unsigned i = 2; s.has(first); ++i)
        s.put_layer(i);
    s.put_layer(1);
    CHECK(s.store->used().returned == store::gc_sum{1, mib});
    s.put_layer(1); // it was here
    CHECK(s.store->used().returned.objects == 1);
}

TEST_CASE("what was purged, or went long ago, does not count as coming back") {
    image_store s(16 * mib);
    auto const purged = s.put_layer(1);
    REQUIRE(s.store->purge({purged}).total().objects == 1);
    s.put_layer(1);
    for (unsigned i = 2; i < 80; ++i)
        s.put_layer(i);
    REQUIRE_FALSE(s.has(purged));
    s.put_layer(1);
    CHECK(s.store->used().returned == store::gc_sum{});
}
