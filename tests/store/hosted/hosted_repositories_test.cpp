// What pushes add to a repository and deletions take away, and that nothing else does.
#include "store/hosted/hosted_repositories.h"
#include "tests/catch.h"
#include "tests/store/hosted/hosted_store.h"

using namespace store_tests;
TEST_CASE("a pushed image says what its parts are") {
    hosted_store s;
    auto const config = s.push("local/a", "config");
    auto const layer = s.push("local/a", content(5000));
    auto const m = s.put_manifest("local/a", s.image_of(config, layer), {"v1", "latest"});
    CHECK(s.tag("local/a", "v1") == m);
    CHECK(s.tag("local/a", "latest") == m);
    CHECK(s.store->find(config).value()->kind == store::object_kind::config);
    CHECK(s.store->find(layer).value()->kind == store::object_kind::layer);
    CHECK(s.store->find(layer).value()->origin == store::object_origin::push);
    CHECK(s.store->index().find_link("local/a", layer).value()->size == 5000); // not what the manifest says
}

TEST_CASE("a blob is a build cache's while every repository that shows it says so") {
    hosted_store s;
    auto const kind_of = [&](oci::digest const& d) { return s.store->find(d).value()->kind; };
    auto const blob = s.push("local/a", content(5000));
    s.push("local/b", content(5000));
    auto const config = s.push("local/b", "cache config");
    s.put_manifest("local/b", s.cache_of(config, blob), {"cache"});
    CHECK(kind_of(blob) == store::object_kind::unknown); // of an image that comes next, perhaps
    s.put_manifest("local/a", s.cache_of(s.push("local/a", "cache config"), blob), {"cache"});
    CHECK(kind_of(blob) == store::object_kind::cache_blob);
    s.put_manifest("local/a", s.image_of(s.push("local/a", "config"), blob), {"v1"});
    CHECK(kind_of(blob) == store::object_kind::layer);
    s.put_manifest("local/b", s.cache_of(config, blob), {"cache"});
    CHECK(kind_of(blob) == store::object_kind::layer);
}

TEST_CASE("a pushed image protects its layers whatever its repository knew of them") {
    hosted_store s;
    auto const layer = s.put(content(5000), {store::object_kind::cache_blob, store::object_origin::push, {}});
    REQUIRE(s.store->index().put_link("local/a", layer, {5000, {}, store::object_kind::layer, s.now}));
    s.put_manifest("local/a", s.image_of(s.push("local/a", "config"), layer), {"v1"});
    CHECK(s.store->find(layer).value()->kind == store::object_kind::layer);
}

TEST_CASE("that a manifest names a digest opens nothing") {
    hosted_store s;
    auto const secret = s.push("local/secret", content(5000));
    auto const config = s.push("local/a", "config");
    s.put_manifest("local/a", s.image_of(config, secret), {"v1"});
    CHECK_FALSE(s.shows("local/a", secret));
}

TEST_CASE("a mount shows what another repository shows") {
    hosted_store s;
    auto const d = s.push("local/a", content(5000));
    std::string const a = "local/a", c = "local/c";
    CHECK_FALSE(s.hosted().mount("local/b", d, &c).value());
    CHECK_FALSE(s.shows("local/b", d));
    CHECK(s.hosted().mount("local/b", d, &a).value());
    CHECK(s.shows("local/b", d));
    CHECK(s.hosted().mount("local/d", d, nullptr).value());
    CHECK(s.shows("local/d", d));
    CHECK_FALSE(s.hosted().mount("local/d", oci::digest::of("nobody has it"), nullptr).value());
}

TEST_CASE("what was pulled and is mounted is synced and stays when space runs out") {
    hosted_store s;
    auto const bytes = content(5000);
    auto const d = s.put(bytes, {store::object_kind::layer, store::object_origin::pull, {}});
    REQUIRE(s.store->index().put_link("docker.io/library/base", d, {5000, {}, store::object_kind::layer, 0}));
    int syncs = 0;
    s.files->after_call = [&](std::string_view call) { syncs += call == "sync_data" || call == "sync_folder"; };
    CHECK(s.hosted().mount("local/app", d, nullptr).value());
    CHECK(syncs == 3); // the file, its folder, and the one above
    CHECK(s.store->find(d).value()->origin == store::object_origin::push);
    CHECK(s.store->used().pools[1].objects + s.store->used().pools[0].objects + s.store->used().pools[2].objects == 0);
    s.files->boot = "after a power cut";
    s.reopen();
    CHECK(s.get(d) == bytes);
}

TEST_CASE("what cannot be synced is not mounted") {
    hosted_store s;
    auto const d = s.put(content(5000));
    REQUIRE(s.store->index().put_link("docker.io/a", d, {5000, {}, store::object_kind::layer, 0}));
    s.files->fail("sync_data", EIO);
    CHECK_FALSE(s.hosted().mount("local/app", d, nullptr));
    CHECK_FALSE(s.shows("local/app", d));
}

TEST_CASE("the deletion of a tag leaves the manifest") {
    hosted_store s;
    auto const m = s.put_manifest("local/a", s.image_of(oci::digest::of("c"), oci::digest::of("l")), {"v1", "v2"});
    CHECK(s.hosted().remove_tag("local/a", oci::tag::parse("v1").value()).value());
    CHECK_FALSE(s.hosted().remove_tag("local/a", oci::tag::parse("v1").value()).value());
    CHECK_FALSE(s.tag("local/a", "v1"));
    CHECK(s.tag("local/a", "v2") == m);
    CHECK(s.shows("local/a", m));
}

TEST_CASE("the deletion of a manifest takes its tags and its place among the referrers along") {
    hosted_store s;
    auto const subject = oci::digest::of("subject");
    auto const bytes = s.image_of(oci::digest::of("c"), oci::digest::of("l"), R"(,"subject":)" + s.descriptor(subject));
    auto const m = s.put_manifest("local/a", bytes, {"v1", "v2"});
    auto const other = s.put_manifest("local/a", s.image_of(oci::digest::of("c"), oci::digest::of("m")), {"v3"});
    s.put_manifest("local/b", bytes, {"v1"});
    CHECK(s.referrers("local/a", subject) == std::vector{m});
    CHECK(s.hosted().remove_manifest("local/a", m).value());
    CHECK_FALSE(s.hosted().remove_manifest("local/a", m).value());
    CHECK_FALSE(s.shows("local/a", m));
    CHECK_FALSE(s.tag("local/a", "v1"));
    CHECK_FALSE(s.tag("local/a", "v2"));
    CHECK(s.tag("local/a", "v3") == other);
    CHECK(s.referrers("local/a", subject).empty());
    CHECK(s.shows("local/b", m));
    CHECK(s.tag("local/b", "v1") == m);
    CHECK(s.referrers("local/b", subject) == std::vector{m});
}

TEST_CASE("the deletion of a blob is of one repository") {
    hosted_store s;
    auto const d = s.push("local/a", content(5000));
    s.push("local/b", content(5000));
    auto const m = s.put_manifest("local/a", s.image_of(oci::digest::of("c"), d), {"v1"});
    CHECK_FALSE(s.hosted().remove_blob("local/a", m).value()); // is a manifest
    CHECK(s.hosted().remove_blob("local/a", d).value());
    CHECK_FALSE(s.hosted().remove_blob("local/a", d).value());
    CHECK_FALSE(s.shows("local/a", d));
    CHECK(s.shows("local/b", d));
}

TEST_CASE("referrers come in pages, each once") {
    hosted_store s;
    auto const subject = oci::digest::of("subject");
    std::vector<oci::digest> all;
    for (int i = 0; i < 5; ++i) {
        auto const bytes = s.image_of(oci::digest::of(std::to_string(i)), oci::digest::of("l"),
                                      R"(,"subject":)" + s.descriptor(subject));
        all.push_back(s.put_manifest("local/a", bytes, {}));
        s.put_manifest("local/a", bytes, {});
    }
    std::sort(all.begin(), all.end());
    CHECK(s.referrers("local/a", subject) == all);
    CHECK(s.referrers("local/a", subject, {}, 2) == std::vector(all.begin(), all.begin() + 2));
    CHECK(s.referrers("local/a", subject, all[1], 2) == std::vector(all.begin() + 2, all.begin() + 4));
    CHECK(s.referrers("local/a", oci::digest::of("another")).empty());
}

TEST_CASE("of large referrers only some are read at once, and none is passed over") {
    hosted_store s;
    auto const subject = oci::digest::of("subject");
    std::vector<oci::digest> all;
    for (int i = 0; i < 9; ++i) {
        auto const bytes = s.image_of(oci::digest::of(std::to_string(i)), oci::digest::of("l"),
                                      R"(,"subject":)" + s.descriptor(subject));
        auto const parsed = oci::parse_manifest(bytes, hosted_store::image_type).value();
        all.push_back(oci::digest::of(bytes));
        REQUIRE(s.hosted().put_manifest("local/a", {all.back(), bytes, parsed, {}, std::string(1 << 20, ' ')}));
    }
    std::sort(all.begin(), all.end());
    auto const first = s.referrers("local/a", subject);
    REQUIRE(first == std::vector(all.begin(), all.begin() + 4));
    auto const second = s.referrers("local/a", subject, first.back());
    REQUIRE(second == std::vector(all.begin() + 4, all.begin() + 8));
    CHECK(s.referrers("local/a", subject, second.back()) == std::vector{all.back()});
    CHECK(s.referrers("local/a", subject, all.back()).empty());
}

TEST_CASE("pushed content is not what makes room for pulls") {
    hosted_store s;
    auto const pushed = s.push("local/a", content(2 << 20, 1));
    auto const pulled = s.put(content(2 << 20, 2), {store::object_kind::layer, store::object_origin::pull, {}});
    s.store->maintain();
    s.store->set_limits({.keep_storage = 1 << 20});
    CHECK(s.get(pushed));
    CHECK_FALSE(s.get(pulled));
}

TEST_CASE("a rule that takes a part of a pushed image takes its name first") {
    hosted_store s;
    auto const config = s.push("local/a", "config");
    auto const layer = s.push("local/a", content(5000));
    auto const m = s.put_manifest("local/a", s.image_of(config, layer), {"v1"});
    s.store->maintain();
    s.now += 5000;
    store::gc_rule rule;
    rule.filters.push_back(*store::gc_filter::parse("type==oci.layer,origin==push"));
    rule.keep_duration = std::chrono::seconds(3600);
    s.store->set_rules({rule});
    CHECK(s.store->collect({}).total().objects == 1);
    CHECK_FALSE(s.shows("local/a", layer));
    CHECK_FALSE(s.tag("local/a", "v1"));
    CHECK_FALSE(s.shows("local/a", m));
}
