// The index does not grow for ever with what was evicted; nor does it forget what may come back soon.
#include "tests/catch.h"
#include "tests/store/fixture.h"

using namespace store_tests;

namespace {

constexpr std::int64_t day = 24 * 3600;

struct forgetful_store : test_store {
    forgetful_store() : test_store(start::closed, fast_folder()) {
        files = watched;
        open();
    }
    std::shared_ptr<watched_file_system> watched = std::make_shared<watched_file_system>();

    // A pass over everything is over after this.
    void later(std::int64_t seconds) {
        now += seconds;
        for (int i = 0; i < 4; ++i)
            store->maintain();
    }
    bool linked(oci::digest const& d) { return store->index().find_link("docker.io/a", d).value().has_value(); }
    void link(oci::digest const& d) {
        (void)store->index().put_link("docker.io/a", d, {.size = 5, .linked_at = now}).value();
    }
};

} // namespace

TEST_CASE("a link to what is gone is remembered for a week") {
    forgetful_store s;
    auto const d = s.put(content(5000));
    s.link(d);
    (void)s.store->remove(d).value();
    s.later(6 * day);
    CHECK(s.linked(d));
    s.later(2 * day);
    CHECK_FALSE(s.linked(d));
    CHECK(s.store->index().holders(d).value().empty());
}

TEST_CASE("a link to what is here is never forgotten") {
    forgetful_store s;
    auto const d = s.put(content(5000));
    s.link(d);
    s.later(400 * day);
    CHECK(s.linked(d));
}

TEST_CASE("parts of a manifest that is here are remembered, and forgotten after it is gone") {
    forgetful_store s;
    auto const layer = oci::digest::of("never fetched");
    auto const manifest = s.put("manifest", {.kind = store::object_kind::manifest});
    oci::manifest m{.media_type = "m/m"};
    m.children.push_back({.media_type = "l/l", .digest = layer, .size = 5, .role = oci::child_role::layer});
    (void)s.store->index().put_manifest("docker.io/a", manifest, m, 8).value();
    s.later(30 * day);
    CHECK(s.linked(layer));
    CHECK(s.store->index().children(manifest).value().size() == 1);

    (void)s.store->remove(manifest).value();
    s.later(2 * 3600);
    s.later(2 * 3600);
    CHECK_FALSE(s.linked(layer));
    CHECK_FALSE(s.linked(manifest));
    CHECK(s.store->index().children(manifest).value().empty());
}

TEST_CASE("a tag of what is gone is remembered for a month") {
    forgetful_store s;
    auto const tag = *oci::tag::parse("v1");
    (void)s.store->index()
        .put_tag("docker.io/a", tag, {.digest = oci::digest::of("gone"), .checked_at = s.now})
        .value();
    s.later(29 * day);
    CHECK(s.store->index().find_tag("docker.io/a", tag).value());
    s.later(2 * day);
    CHECK_FALSE(s.store->index().find_tag("docker.io/a", tag).value());
}

TEST_CASE("what comes back while it is about to be forgotten is remembered") {
    forgetful_store s;
    std::vector<std::string> contents{content(5000, 1), content(5000, 2)};
    std::sort(contents.begin(), contents.end(),
              [](auto const& a, auto const& b) { return oci::digest::of(a) < oci::digest::of(b); });
    auto const second = oci::digest::of(contents[1]);
    for (auto const& bytes : contents)
        s.link(oci::digest::of(bytes));
    s.store->maintain();
    bool back = false;
    s.watched->on_write = [&] { // of the first
        if (!std::exchange(back, true))
            s.put(contents[1]);
    };
    s.later(8 * day);
    CHECK(back);
    CHECK_FALSE(s.linked(oci::digest::of(contents[0])));
    CHECK(s.linked(second));
}

TEST_CASE("a tag that is checked again while it is about to be forgotten is remembered") {
    forgetful_store s;
    auto const first = *oci::tag::parse("v1"), second = *oci::tag::parse("v2");
    auto const put = [&](oci::tag const& t) {
        (void)s.store->index()
            .put_tag("docker.io/a", t, {.digest = oci::digest::of("gone"), .checked_at = s.now})
            .value();
    };
    put(first);
    put(second);
    s.store->maintain();
    bool again = false;
    s.watched->on_write = [&] { // of the first
        if (!std::exchange(again, true))
            put(second);
    };
    s.later(31 * day);
    CHECK(again);
    CHECK_FALSE(s.store->index().find_tag("docker.io/a", first).value());
    CHECK(s.store->index().find_tag("docker.io/a", second).value());
}
