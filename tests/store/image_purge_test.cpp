// An image leaves its repository, and what has a name of its own there stays.
#include "tests/catch.h"
#include "tests/store/hosted/collected_store.h"

using namespace store_tests;

namespace {

struct purged_store : collected_store {
    std::string const repo = "local/app";

    purged_store() { store->maintain(); } // or nothing is known that may go

    oci::digest push_index(std::vector<oci::digest> const& images, std::vector<std::string> tags) {
        std::string list;
        for (auto const& d : images)
            list += (list.empty() ? "" : ",") + descriptor(d, image_type);
        auto const* start = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)";
        return put_manifest(repo, start + list + "]}", std::move(tags));
    }
    std::uint64_t purge(std::string const& reference) {
        return store->purge_image(repo, oci::parse_reference(reference).value()).value().total().objects;
    }
    bool shows_all(image const& i) { return shows(repo, i.manifest) && shows(repo, i.config) && shows(repo, i.layer); }
    bool has_any(image const& i) { return is_here(i.manifest) || is_here(i.config) || is_here(i.layer); }
};

} // namespace

TEST_CASE("what has a tag of its own stays where an index of it is purged") {
    purged_store s;
    auto const amd = s.push_image(s.repo, {"v1-amd64"}, 1);
    auto const arm = s.push_image(s.repo, {}, 2);
    auto const index = s.push_index({amd.manifest, arm.manifest}, {"v1"});
    CHECK(s.purge("v1") == 4);
    CHECK_FALSE(s.is_here(index));
    CHECK_FALSE(s.has_any(arm));
    CHECK(s.shows_all(amd));
    CHECK(s.tag(s.repo, "v1-amd64") == amd.manifest);
    CHECK(s.purge("v1-amd64") == 3);
    CHECK_FALSE(s.has_any(amd));
}

TEST_CASE("what is pinned stays where an index of it is purged") {
    purged_store s;
    auto const amd = s.push_image(s.repo, {}, 1);
    auto const arm = s.push_image(s.repo, {}, 2);
    s.push_index({amd.manifest, arm.manifest}, {"v1"});
    REQUIRE(s.store->index().put_pin(s.repo, oci::reference(amd.manifest)));
    REQUIRE(s.store->index().put_pin("local/other", oci::reference(arm.manifest)));
    s.purge("v1");
    CHECK(s.shows_all(amd));
    CHECK_FALSE(s.shows(s.repo, arm.manifest));
}

TEST_CASE("what an index of the repository names loses its tag alone") {
    purged_store s;
    auto const amd = s.push_image(s.repo, {"v1-amd64"}, 1);
    auto const index = s.push_index({amd.manifest}, {"v1"});
    CHECK(s.purge("v1-amd64") == 0);
    CHECK_FALSE(s.tag(s.repo, "v1-amd64"));
    CHECK(s.tag(s.repo, "v1") == index);
    CHECK(s.shows(s.repo, index));
    CHECK(s.shows_all(amd));
    CHECK(s.purge("v1") == 4);
}

TEST_CASE("an index below a purged index keeps all that it names, if it has a tag") {
    purged_store s;
    auto const amd = s.push_image(s.repo, {}, 1);
    auto const inner = s.push_index({amd.manifest}, {"inner"});
    auto const outer = s.push_index({inner}, {"outer"});
    CHECK(s.purge(outer.to_string()) == 1);
    CHECK(s.shows(s.repo, inner));
    CHECK(s.shows_all(amd));
}

TEST_CASE("a pushed image that is purged by its digest leaves no tag and no referrer behind") {
    purged_store s;
    auto const subject = s.push_image(s.repo, {"v1"}, 1);
    auto const more = R"(,"subject":)" + s.descriptor(subject.manifest, hosted_store::image_type);
    auto const signature = s.push_image(s.repo, {"signed", "signed-too"}, 2, more);
    REQUIRE(s.referrers(s.repo, subject.manifest).size() == 1);
    CHECK(s.purge(signature.manifest.to_string()) == 3);
    CHECK(s.store->index().tags(s.repo, "", 10).value() == std::vector<std::string>{"v1"});
    CHECK(s.referrers(s.repo, subject.manifest).empty());
    CHECK(s.shows_all(subject));
}

TEST_CASE("the parts of a pushed index that go with it leave no referrer behind") {
    purged_store s;
    auto const subject = s.push_image(s.repo, {"v1"}, 1);
    auto const more = R"(,"subject":)" + s.descriptor(subject.manifest, hosted_store::image_type);
    auto const signature = s.push_image(s.repo, {}, 2, more);
    s.push_index({signature.manifest}, {"signatures"});
    CHECK(s.purge("signatures") == 4);
    CHECK(s.referrers(s.repo, subject.manifest).empty());
    CHECK(s.shows_all(subject));
}

TEST_CASE("a tag of a mirrored image that is purged by its digest is still known") {
    purged_store s;
    std::string const mirrored = "docker.io/library/a";
    auto const bytes = s.image_of(oci::digest::of("c"), oci::digest::of("l"));
    auto const d = oci::digest::of(bytes);
    REQUIRE(s.store->put(d, bytes, {store::object_kind::manifest, store::object_origin::pull, s.image_type}));
    auto const parsed = oci::parse_manifest(bytes, s.image_type).value();
    REQUIRE(s.store->index().put_manifest(mirrored, d, parsed, bytes.size()));
    REQUIRE(s.store->index().put_tag(mirrored, oci::tag::parse("1").value(), {d, s.now, s.now}));
    CHECK(s.store->purge_image(mirrored, oci::reference(d)).value().total().objects == 1);
    CHECK_FALSE(s.shows(mirrored, d));
    CHECK(s.tag(mirrored, "1") == d);
}
