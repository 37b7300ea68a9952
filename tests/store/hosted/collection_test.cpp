// What is garbage in hosted repositories and what is not, and that pushes may go on meanwhile.
#include "tests/store/hosted/collected_store.h"

#include <mutex>
#include <thread>

using namespace store_tests;

TEST_CASE("what a tag leads to stays, and goes some time after the tag has moved") {
    collected_store s;
    auto const first = s.push_image("local/a", {"main"}, 1);
    s.age();
    CHECK(s.collect() == 0);
    auto const second = s.push_image("local/a", {"main"}, 2);
    CHECK(s.collect() == 3);
    CHECK_FALSE(s.is_here(first.layer));
    CHECK_FALSE(s.shows("local/a", first.manifest));
    CHECK(s.shows("local/a", second.layer));
    s.age();
    CHECK(s.collect() == 0);
}

TEST_CASE("what was pushed or used in the last hour stays, whatever leads to it") {
    collected_store s;
    auto const blob = s.push("local/a", content(5000));
    auto const untagged = s.push_image("local/a", {}, 2);
    s.age(3000);
    CHECK(s.collect() == 0);
    CHECK(s.store->open_blob(untagged.manifest).value());
    s.age(1000);
    CHECK(s.collect() == 1);
    CHECK_FALSE(s.is_here(blob));
    CHECK(s.shows("local/a", untagged.layer)); // with its manifest
    s.age();
    CHECK(s.collect() == 3);
}

TEST_CASE("what a client was told is here stays") {
    collected_store s;
    auto const blob = s.push("local/a", content(5000));
    s.age(100'000);
    s.hosted().rely_on(blob);
    s.now += 3000;
    CHECK(s.collect() == 0);
    CHECK(s.is_here(blob));
    s.now += 1000;
    CHECK(s.collect() == 1);
}

TEST_CASE("who is told of a manifest while a run is under way finds its parts too") {
    collected_store s;
    std::vector<collected_store::image> images;
    for (unsigned i = 0; i < 5; ++i) // of which some come in the order of their digests, some in another
        images.push_back(s.push_image("local/a", {}, i));
    s.age(100'000);
    s.watched->on_write = [&] {
        for (auto const& i : images)
            s.hosted().rely_on(i.manifest);
    };
    CHECK(s.collect() == 0);
    for (auto const& i : images) {
        CHECK(s.shows("local/a", i.manifest));
        CHECK(s.shows("local/a", i.config));
        CHECK(s.shows("local/a", i.layer));
    }
}

TEST_CASE("who is told of a signature while a run is under way finds what it is about") {
    collected_store s;
    auto const subject = s.push_image("local/a", {}, 1);
    auto const signature = s.push_image("local/a", {}, 2, R"(,"subject":)" + s.descriptor(subject.manifest));
    s.age(100'000);
    s.watched->on_write = [&] { s.hosted().rely_on(signature.manifest); };
    CHECK(s.collect() == 0);
    CHECK(s.shows("local/a", signature.layer));
    CHECK(s.shows("local/a", subject.layer));
    CHECK(s.referrers("local/a", subject.manifest) == std::vector{signature.manifest});
}

TEST_CASE("who is told of a manifest while a run is under way finds what signs it, whole or not at all") {
    collected_store s;
    auto const subject = s.push_image("local/a", {}, 1);
    std::vector<collected_store::image> signatures;
    for (unsigned i = 2; i < 6; ++i)
        signatures.push_back(s.push_image("local/a", {}, i, R"(,"subject":)" + s.descriptor(subject.manifest)));
    s.age(100'000);
    s.watched->on_write = [&] { s.hosted().rely_on(subject.manifest); };
    CHECK(s.collect() == 0);
    CHECK(s.referrers("local/a", subject.manifest).size() == signatures.size());
    for (auto const& i : signatures) {
        CHECK(s.shows("local/a", i.manifest));
        CHECK(s.shows("local/a", i.layer));
    }
}

TEST_CASE("who is told of a blob while a run is under way finds it, though the clock is set back meanwhile") {
    collected_store s;
    std::vector<oci::digest> blobs;
    for (unsigned i = 0; i < 5; ++i)
        blobs.push_back(s.push("local/a", content(5000, i)));
    s.age(100'000);
    std::once_flag told;
    s.watched->on_write = [&] {
        std::call_once(told, [&] {
            s.now -= 7200;
            for (auto const& d : blobs)
                s.hosted().rely_on(d);
        });
    };
    CHECK(s.collect() == 0);
    s.now += 600; // he counts on it as long as anybody
    CHECK(s.collect() == 0);
    for (auto const& d : blobs)
        CHECK(s.shows("local/a", d));
}

TEST_CASE("what is wanted after all is put back also where the disk is nearly full") {
    collected_store s;
    auto const blob = s.push("local/a", content(5000));
    s.age(100'000);
    s.files->free = 6 << 20; // enough to remove something
    s.watched->on_write = [&] { s.hosted().rely_on(blob); };
    CHECK(s.store->collect({}).error.empty());
    CHECK(s.shows("local/a", blob));
}

TEST_CASE("what refers to a manifest that never came stays with who names that") {
    collected_store s;
    auto const absent = oci::digest::of("absent");
    auto const index = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" +
                       s.descriptor(absent, hosted_store::image_type) + "]}";
    s.put_manifest("local/a", index, {"v1"});
    auto const signature = s.push_image("local/a", {}, 2, R"(,"subject":)" + s.descriptor(absent));
    s.age();
    CHECK(s.collect() == 0);
    CHECK(s.shows("local/a", signature.layer));
}

TEST_CASE("a push that is refused keeps nothing of what it names") {
    collected_store s;
    auto const blob = s.push("local/a", content(5000));
    auto const bytes = s.image_of(oci::digest::of("config"), blob), others = content(5000, 2);
    auto const parsed = oci::parse_manifest(bytes, hosted_store::image_type).value();
    s.age(100'000);
    s.set_rules({.max_used_space = 1});
    CHECK_FALSE(s.hosted().put_manifest("local/a", {oci::digest::of(bytes), bytes, parsed, {}, {}}));
    CHECK_FALSE(s.hosted().put_small_blob("local/a", blob, others)); // which has another digest
    CHECK(s.collect() == 1);
    CHECK_FALSE(s.is_here(blob));
}

TEST_CASE("who names what his repository does not show keeps nothing of it") {
    collected_store s;
    auto const blob = s.push("local/a", content(5000));
    s.age(100'000);
    CHECK(s.hosted().remove_blob("local/a", blob).value());
    s.put_manifest("local/b", s.image_of(oci::digest::of("config"), blob), {"v1"});
    CHECK_FALSE(s.hosted().mount("local/b", blob, nullptr).value());
    CHECK(s.collect() == 1);
    CHECK_FALSE(s.is_here(blob));
}

TEST_CASE("a push keeps what it names and its repository shows") {
    collected_store s;
    auto const blob = s.push("local/a", content(5000));
    s.age(100'000);
    s.put_manifest("local/a", s.image_of(oci::digest::of("config"), blob), {});
    s.now += 3000;
    CHECK(s.collect() == 0);
    CHECK(s.shows("local/a", blob));
}

TEST_CASE("too many digests to be remembered one by one are all counted on") {
    store::reliance relied;
    std::vector<oci::digest> all;
    for (std::size_t i = 0; i < store::reliance::max_noted * 3 / 2; ++i)
        all.push_back(oci::digest::of(std::to_string(i)));
    for (std::size_t i = 0; i < all.size(); ++i)
        relied.note(all[i], static_cast<std::int64_t>(i));
    CHECK(relied.size() <= store::reliance::max_noted);
    std::size_t lost = 0;
    for (std::size_t i = 0; i < all.size(); ++i)
        lost += !relied.since(all[i], static_cast<std::int64_t>(i)) || !relied.after(all[i], i);
    CHECK(lost == 0);
    CHECK_FALSE(relied.noted_after(0)); // which of them is not known
    CHECK(relied.noted_after(all.size())->empty());
    CHECK_FALSE(relied.after(all.back(), all.size()));
    auto const later = static_cast<std::int64_t>(all.size());
    CHECK_FALSE(relied.since(oci::digest::of("another"), later));
    relied.note(all.front(), later - 1);
    relied.forget_before(later, relied.notes() - 1);
    CHECK(relied.size() == 1); // told of since those that are to be forgotten
    relied.forget_before(later, relied.notes());
    CHECK(relied.size() == 0);
}

TEST_CASE("indexes lead to their manifests, and manifests to what refers to them") {
    collected_store s;
    auto const child = s.push_image("local/a", {}, 1);
    auto const index = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" +
                       s.descriptor(child.manifest, hosted_store::image_type) + "]}";
    s.put_manifest("local/a", index, {"v1"});
    auto const signature = s.push_image("local/a", {}, 2, R"(,"subject":)" + s.descriptor(child.manifest));
    auto const of_nothing = s.push_image("local/a", {}, 3, R"(,"subject":)" + s.descriptor(oci::digest::of("x")));
    s.age();
    CHECK(s.collect() == 3);
    CHECK(s.shows("local/a", child.layer));
    CHECK(s.shows("local/a", signature.layer));
    CHECK_FALSE(s.shows("local/a", of_nothing.layer));
    CHECK(s.referrers("local/a", oci::digest::of("x")).empty());
    CHECK(s.referrers("local/a", child.manifest).size() == 1);
}

TEST_CASE("a manifest that is sent again as a type that names nothing leads to what it led to") {
    collected_store s;
    auto const i = s.push_image("local/a", {"v1"}, 1);
    auto const bytes = *s.get(i.manifest);
    s.put_manifest("local/b", bytes, {"v1"}, {.media_type = "application/vnd.example+json"});
    s.age();
    CHECK(s.collect() == 0);
    CHECK(s.shows("local/a", i.config));
    CHECK(s.shows("local/a", i.layer));
}

TEST_CASE("manifests of kinds that are not known lead to what they name, as long as they have a tag") {
    collected_store s;
    auto const config = s.push("local/a", "config"), blob = s.push("local/a", content(5000));
    auto const c = s.descriptor(config), b = s.descriptor(blob);
    auto const by = [](std::string const& key, oci::digest const& d) {
        return "{\"" + key + "\":\"" + d.to_string() + "\"}";
    };
    auto const typed = [](std::string const& type, std::string const& members) {
        return R"({"mediaType":"application/)" + type + R"(+json",)" + members + "}";
    };
    std::vector<std::string> const documents{
        R"({"signatures":[],"fsLayers":[)" + by("blobSum", blob) + "," + by("blobSum", config) + "," +
            by("blobSum", blob) + "]}",
        typed("vnd.oci.artifact.manifest.v1", R"("blobs":[)" + c + "," + b + "]"),
        typed("vnd.example", R"("config":)" + c + R"(,"layers":[)" + b + "]"),
        typed("vnd.example", R"("manifests":[)" + by("digest", config) + "," + by("digest", blob) + "]"),
    };
    auto const& document = documents[GENERATE(0u, 1u, 2u, 3u)];
    INFO(document);
    auto const m = s.put_manifest("local/a", document, {"v1"}, oci::parse_pushed_manifest(document, "").value());
    s.age();
    CHECK(s.collect() == 0);
    CHECK(s.shows("local/a", m));
    CHECK(s.shows("local/a", config));
    CHECK(s.shows("local/a", blob));
    REQUIRE(s.hosted().remove_tag("local/a", oci::tag::parse("v1").value()));
    s.age();
    CHECK(s.collect() == 3);
    CHECK_FALSE(s.is_here(blob));
}

TEST_CASE("what refers to an image in a kind that is not known stays with it, and goes with it") {
    collected_store s;
    auto const subject = s.push_image("local/a", {"v1"}, 1);
    auto const blob = s.push("local/a", content(5000, 2));
    auto const signature =
        s.put_manifest("local/a",
                       R"({"mediaType":"application/vnd.oci.artifact.manifest.v1+json","blobs":[)" +
                           s.descriptor(blob) + R"(],"subject":)" + s.descriptor(subject.manifest) + "}",
                       {});
    s.age();
    CHECK(s.collect() == 0);
    CHECK(s.shows("local/a", blob));
    CHECK(s.referrers("local/a", subject.manifest) == std::vector{signature});
    REQUIRE(s.hosted().remove_tag("local/a", oci::tag::parse("v1").value()));
    s.age();
    CHECK(s.collect() == 5);
    CHECK(s.referrers("local/a", subject.manifest).empty());
}

TEST_CASE("an artifact that has a tag keeps the subject it is about") {
    collected_store s;
    auto const subject = s.push_image("local/a", {}, 1);
    s.push_image("local/a", {"report"}, 2, R"(,"subject":)" + s.descriptor(subject.manifest));
    s.age();
    CHECK(s.collect() == 0);
    CHECK(s.shows("local/a", subject.layer));
}

TEST_CASE("what is pinned stays") {
    collected_store s;
    auto const i = s.push_image("local/a", {}, 1);
    REQUIRE(s.store->index().put_pin("local/a", i.manifest));
    s.age();
    CHECK(s.collect() == 0);
    CHECK(s.shows("local/a", i.layer));
}

TEST_CASE("what another repository shows stays there") {
    collected_store s;
    auto const i = s.push_image("local/a", {"v1"}, 1);
    s.push_image("local/b", {"v1"}, 1);
    REQUIRE(s.hosted().remove_tag("local/a", oci::tag::parse("v1").value()));
    s.age();
    CHECK(s.collect() == 0);
    CHECK_FALSE(s.shows("local/a", i.layer));
    CHECK(s.shows("local/b", i.layer));
}

TEST_CASE("what a mirrored repository shows is pulled content from then on") {
    collected_store s;
    auto const base = s.put(content(5000, 9), {store::object_kind::layer, store::object_origin::pull, {}});
    REQUIRE(s.store->index().put_link("docker.io/base", base, {5000, {}, store::object_kind::layer, s.now}));
    REQUIRE(s.hosted().mount("local/a", base, nullptr).value());
    CHECK(s.store->find(base).value()->origin == store::object_origin::push);
    s.age();
    CHECK(s.collect() == 0);
    CHECK_FALSE(s.shows("local/a", base));
    CHECK(s.shows("docker.io/base", base));
    CHECK(s.store->find(base).value()->origin == store::object_origin::pull);
}

TEST_CASE("what no repository shows goes at once") {
    collected_store s;
    auto const blob = s.push("local/a", content(5000));
    s.store->maintain();
    CHECK(s.hosted().remove_blob("local/a", blob).value());
    s.now += 301; // whoever pushes it just now
    CHECK(s.collect() == 1);
    CHECK_FALSE(s.is_here(blob));
}

TEST_CASE("what was pushed below a prefix that is no longer hosted stays as it is") {
    collected_store s;
    auto const i = s.push_image("local/a", {"v1"}, 1);
    s.store->hosted().set_rules({.upstreams = {"docker.io"}, .prefixes = {"ci"}});
    s.age();
    CHECK(s.collect() == 0);
    CHECK(s.store->find(i.layer).value()->origin == store::object_origin::push);
}

TEST_CASE("a dry run says what would go and changes nothing") {
    collected_store s;
    auto const i = s.push_image("local/a", {"v1"}, 1);
    REQUIRE(s.hosted().remove_tag("local/a", oci::tag::parse("v1").value()));
    s.age();
    auto const report = s.store->collect({.dry_run = true});
    CHECK(report.total().objects == 3);
    CHECK(report.items.size() == 3);
    CHECK(s.shows("local/a", i.layer));
}

TEST_CASE("after a crash nothing is garbage for an hour") {
    collected_store s;
    s.push("local/a", content(5000));
    s.age();
    s.reopen();
    s.set_rules({});
    s.store->maintain();
    CHECK(s.collect() == 0);
    s.age();
    CHECK(s.collect() == 1);
}

TEST_CASE("after a clean stop garbage is garbage") {
    collected_store s;
    s.push("local/a", content(5000));
    s.age();
    REQUIRE(s.store->flush());
    s.reopen();
    s.set_rules({});
    s.store->maintain();
    CHECK(s.collect() == 1);
}

TEST_CASE("pushes go on while garbage is collected, and lose nothing") {
    collected_store s;
    s.set_rules({.grace = std::chrono::seconds(0)});
    std::atomic<bool> over = false;
    std::thread collector([&] {
        while (!over)
            s.store->collect({});
    });
    std::vector<std::thread> pushers;
    std::atomic<int> lost = 0;
    for (unsigned n = 0; n < 4; ++n)
        pushers.emplace_back([&, n] {
            for (unsigned i = 0; i < 30; ++i) {
                auto const repo = "local/" + std::to_string(n % 2);
                auto const image = s.push_image(repo, {"t" + std::to_string(n)}, i % 5);
                lost += !s.shows(repo, image.manifest) || !s.shows(repo, image.layer) || !s.shows(repo, image.config);
            }
        });
    for (auto& p : pushers)
        p.join();
    over = true;
    collector.join();
    CHECK(lost == 0);
}
