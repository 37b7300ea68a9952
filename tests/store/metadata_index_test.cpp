#include "tests/catch.h"
#include "tests/store/fixture.h"

using namespace store_tests;

namespace {

oci::tag tag(std::string_view name) {
    return *oci::tag::parse(name);
}

oci::manifest image(std::vector<oci::descriptor> children) {
    return {.media_type = std::string(oci::media_type::oci_manifest),
            .kind = oci::manifest_kind::image,
            .children = std::move(children)};
}

oci::descriptor layer(std::string_view bytes) {
    return {.media_type = "layer/type", .digest = oci::digest::of(bytes), .size = bytes.size()};
}

} // namespace

TEST_CASE("one layer in ten repositories is one object, and the numbers say what that saves") {
    test_store s;
    auto const bytes = content(50'000);
    auto const d = s.put(bytes);
    for (int i = 0; i < 10; ++i)
        REQUIRE(s.store->index().put_link("docker.io/r" + std::to_string(i), d, {.size = bytes.size()}));
    for (bool const restarted : {false, true}) {
        if (restarted)
            s.reopen();
        CHECK(s.store->used().objects == 1);
        CHECK(s.store->used().content_bytes == 50'000);
        CHECK(s.store->used().logical_bytes == 500'000);
        CHECK(files_below(s.blobs()) == 1);
    }
}

TEST_CASE("logical bytes count links whose content is held, whichever came first") {
    test_store s;
    auto& index = s.store->index();
    auto const d = oci::digest::of(content(5000));
    REQUIRE(index.put_link("docker.io/a", d, {.size = 5000}));
    CHECK(s.store->used().logical_bytes == 0);
    s.put(content(5000));
    CHECK(s.store->used().logical_bytes == 5000);
    REQUIRE(index.put_link("docker.io/b", d, {.size = 5000}));
    REQUIRE(index.put_link("docker.io/b", d, {.size = 5000})); // no second link
    CHECK(s.store->used().logical_bytes == 10'000);
    REQUIRE(s.store->remove(d));
    CHECK(s.store->used().logical_bytes == 0);
    CHECK(index.find_link("docker.io/b", d).value()); // links stay
    s.put(content(5000));
    CHECK(s.store->used().logical_bytes == 10'000);
}

TEST_CASE("a link is seen by its repository alone") {
    test_store s;
    auto& index = s.store->index();
    auto const d = oci::digest::of("x");
    store::link const l{.size = 1, .media_type = "a/b", .kind = store::object_kind::layer, .linked_at = 5};
    REQUIRE(index.put_link("docker.io/a", d, l));
    CHECK(index.find_link("docker.io/a", d).value() == l);
    CHECK_FALSE(index.find_link("ghcr.io/a", d).value());
    CHECK_FALSE(index.find_link("docker.io/a/b", d).value());
    CHECK_FALSE(index.find_link("docker.io/a", oci::digest::of("y")).value());
}

TEST_CASE("what a link says grows and is not forgotten") {
    test_store s;
    auto& index = s.store->index();
    auto const d = oci::digest::of("x");
    REQUIRE(index.put_link("docker.io/a", d, {.size = 1, .linked_at = 5}));
    REQUIRE(index.put_link("docker.io/a", d,
                           {.size = 1, .media_type = "a/b", .kind = store::object_kind::layer, .linked_at = 6}));
    REQUIRE(index.put_link("docker.io/a", d, {.size = 1, .linked_at = 7}));
    auto const l = *index.find_link("docker.io/a", d).value();
    CHECK(l.media_type == "a/b");
    CHECK(l.kind == store::object_kind::layer);
    CHECK(l.linked_at == 5);
}

TEST_CASE("what upstream gave is what it was, whatever a manifest says of it later") {
    test_store s;
    auto& index = s.store->index();
    auto const m = oci::digest::of("m");
    auto const named = layer("m");
    REQUIRE(index.put_manifest("docker.io/a", m, image({}), 1));
    REQUIRE(index.put_manifest("docker.io/a", oci::digest::of("strange"), image({named}), 1));
    auto const l = *index.find_link("docker.io/a", m).value();
    CHECK(l.kind == store::object_kind::manifest);
    CHECK(l.media_type == oci::media_type::oci_manifest);
    REQUIRE(index.put_manifest("docker.io/b", oci::digest::of("strange"), image({named}), 1));
    CHECK(index.find_link("docker.io/b", m).value()->kind == store::object_kind::layer);
    REQUIRE(index.put_manifest("docker.io/b", m, image({}), 1));
    CHECK(index.find_link("docker.io/b", m).value()->kind == store::object_kind::manifest);
}

TEST_CASE("a tag is what it was last put to, until it is removed") {
    test_store s;
    auto& index = s.store->index();
    store::tag_record const first{.digest = oci::digest::of("1"), .checked_at = 1, .updated_at = 1};
    store::tag_record const second{.digest = oci::digest::of("2"), .checked_at = 2, .updated_at = 2};
    REQUIRE(index.put_tag("docker.io/a", tag("latest"), first));
    REQUIRE(index.put_tag("docker.io/a", tag("latest"), second));
    s.reopen();
    CHECK(s.store->index().find_tag("docker.io/a", tag("latest")).value() == second);
    CHECK_FALSE(s.store->index().find_tag("docker.io/b", tag("latest")).value());
    REQUIRE(s.store->index().remove_tag("docker.io/a", tag("latest")));
    CHECK_FALSE(s.store->index().find_tag("docker.io/a", tag("latest")).value());
    CHECK(s.store->index().remove_tag("docker.io/a", tag("latest")));
}

TEST_CASE("the generation grows when a tag moves or goes, not when it is only checked") {
    test_store s;
    auto& index = s.store->index();
    auto const start = index.generation();
    REQUIRE(index.put_tag("docker.io/a", tag("t"), {.digest = oci::digest::of("1"), .checked_at = 1}));
    REQUIRE(index.put_tag("docker.io/a", tag("t"), {.digest = oci::digest::of("1"), .checked_at = 2}));
    CHECK(index.generation() == start);
    REQUIRE(index.put_tag("docker.io/a", tag("t"), {.digest = oci::digest::of("2")}));
    auto const moved = index.generation();
    CHECK(moved > start);
    REQUIRE(index.remove_tag("docker.io/a", tag("t")));
    CHECK(index.generation() > moved);
}

TEST_CASE("a manifest links itself and its children, each once, and remembers their order") {
    test_store s;
    auto& index = s.store->index();
    auto const config = oci::descriptor{
        .media_type = "config/type", .digest = oci::digest::of("c"), .size = 1, .role = oci::child_role::config};
    auto foreign = layer("windows");
    foreign.foreign = true;
    auto const m = image({config, layer("b"), layer("a"), layer("b"), foreign});
    auto const d = s.put("the manifest");
    s.put("a");
    REQUIRE(index.put_manifest("docker.io/a", d, m, 12));

    CHECK(index.find_link("docker.io/a", d).value()->kind == store::object_kind::manifest);
    CHECK(index.find_link("docker.io/a", config.digest).value()->kind == store::object_kind::config);
    auto const linked = index.find_link("docker.io/a", oci::digest::of("b")).value();
    REQUIRE(linked);
    CHECK(linked->kind == store::object_kind::layer);
    CHECK(linked->size == 1);
    CHECK(linked->linked_at == s.now);
    CHECK(index.find_link("docker.io/a", d).value()->proven);
    CHECK_FALSE(linked->proven);
    CHECK_FALSE(index.find_link("docker.io/a", foreign.digest).value());

    auto const children = index.children(d).value();
    REQUIRE(children.size() == 5);
    CHECK(children[0].digest == config.digest);
    CHECK(children[2].digest == oci::digest::of("a"));
    CHECK(children[4].foreign);
    CHECK(s.store->used().logical_bytes == 13); // of what is held: the manifest and "a"

    REQUIRE(index.put_manifest("docker.io/a", d, m, 12));
    CHECK(s.store->used().logical_bytes == 13);
}

TEST_CASE("what upstream gave is not changed by what a manifest says of it") {
    test_store s;
    auto& index = s.store->index();
    auto const d = oci::digest::of("b");
    REQUIRE(
        index.put_link("docker.io/a", d,
                       {.size = 500, .media_type = "true/type", .kind = store::object_kind::config, .proven = true}));
    auto wrong = layer("b"); // of one byte
    REQUIRE(index.put_manifest("docker.io/a", s.put("the manifest"), image({wrong}), 12));
    auto const now = index.find_link("docker.io/a", d).value();
    REQUIRE(now);
    CHECK(now->size == 500);
    CHECK(now->media_type == "true/type");
    CHECK(now->kind == store::object_kind::config);
    CHECK(now->proven);
}

TEST_CASE("what a manifest names is not forgotten when it comes again and is said to name less") {
    test_store s;
    auto& index = s.store->index();
    auto const d = oci::digest::of("m");
    auto const names = [&] {
        std::vector<oci::digest> all;
        for (auto const& child : index.children(d).value())
            all.push_back(child.digest);
        return all;
    };
    auto const a = layer("a"), b = layer("b"), c = layer("c");
    REQUIRE(index.put_manifest("docker.io/a", d, image({a, b}), 1));
    REQUIRE(index.put_manifest("docker.io/b", d, {.media_type = "application/x"}, 1));
    CHECK(names() == std::vector{a.digest, b.digest});
    REQUIRE(index.put_manifest("docker.io/b", d, image({c, b}), 1));
    CHECK(names() == std::vector{c.digest, b.digest, a.digest});
    REQUIRE(index.put_manifest("docker.io/a", d, image({a, b, c}), 1));
    CHECK(names() == std::vector{a.digest, b.digest, c.digest});
}

TEST_CASE("layers of a BuildKit cache are told from those of images") {
    test_store s;
    auto m = image({layer("cached")});
    m.artifact_type = oci::media_type::buildkit_cacheconfig;
    REQUIRE(s.store->index().put_manifest("local/cache", oci::digest::of("m"), m, 1));
    auto const l = s.store->index().find_link("local/cache", oci::digest::of("cached")).value();
    CHECK(l->kind == store::object_kind::cache_blob);
}

TEST_CASE("an unknown manifest has no children") {
    test_store s;
    CHECK(s.store->index().children(oci::digest::of("m")).value().empty());
}

TEST_CASE("repositories are listed in byte order, in pages") {
    test_store s;
    auto& index = s.store->index();
    for (auto const* name : {"local/b", "docker.io/a/b", "docker.io/a", "docker.io/a-b"}) {
        for (auto const* bytes : {"1", "2", "3"})
            REQUIRE(index.put_link(name, oci::digest::of(bytes), {}));
    }
    using names = std::vector<std::string>;
    CHECK(index.repositories("", 10).value() == names{"docker.io/a", "docker.io/a-b", "docker.io/a/b", "local/b"});
    CHECK(index.repositories("", 2).value() == names{"docker.io/a", "docker.io/a-b"});
    CHECK(index.repositories("docker.io/a-b", 2).value() == names{"docker.io/a/b", "local/b"});
    CHECK(index.repositories("docker.io/a-", 1).value() == names{"docker.io/a-b"});
    CHECK(index.repositories("local/b", 10).value().empty());
    CHECK(index.repositories("", 0).value().empty());
}

TEST_CASE("tags are listed in byte order, in pages, and only the repository's own") {
    test_store s;
    auto& index = s.store->index();
    for (auto const* name : {"v2", "latest", "v10"})
        REQUIRE(index.put_tag("docker.io/a", tag(name), {.digest = oci::digest::of("1")}));
    REQUIRE(index.put_tag("docker.io/a-b", tag("other"), {.digest = oci::digest::of("1")}));
    using names = std::vector<std::string>;
    CHECK(index.tags("docker.io/a", "", 10).value() == names{"latest", "v10", "v2"});
    CHECK(index.tags("docker.io/a", "latest", 1).value() == names{"v10"});
    CHECK(index.tags("docker.io/a", "v2", 10).value().empty());
    CHECK(index.tags("docker.io", "", 10).value().empty());
}

TEST_CASE("values are kept by name") {
    test_store s;
    CHECK_FALSE(s.store->index().find_value("totals").value());
    REQUIRE(s.store->index().put_value("totals", std::string_view("\0bytes", 6)));
    REQUIRE(s.store->index().sync());
    s.reopen();
    CHECK(s.store->index().find_value("totals").value() == std::string("\0bytes", 6));
}

TEST_CASE("a name that would break the order of keys is found nowhere and cannot be written") {
    test_store s;
    auto& index = s.store->index();
    for (auto const& name : {std::string(), std::string("a\0b", 3), std::string(2000, 'x')}) {
        CHECK(!index.put_link(name, oci::digest::of("1"), {}));
        CHECK(!index.put_tag(name, tag("t"), {.digest = oci::digest::of("1")}));
        CHECK(!index.put_manifest(name, oci::digest::of("1"), {}, 1));
        CHECK_FALSE(index.find_link(name, oci::digest::of("1")).value());
        CHECK_FALSE(index.find_tag(name, tag("t")).value());
    }
    CHECK(index.repositories("", 10).value().empty());
}
