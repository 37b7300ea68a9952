// What the repositories below one prefix may take: shown, being uploaded, and deleted but not collected yet.
#include "store/hosted/tag_counts.h"
#include "tests/store/hosted/collected_store.h"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

using namespace store_tests;

namespace {

struct bounded_store : collected_store {
    explicit bounded_store(std::uint64_t bytes) { set_rules({.max_used_space = bytes}); }

    std::shared_ptr<store::upload_session> session(std::string const& repo) {
        return hosted().sessions().start(repo, oci::algorithm::sha256).value();
    }
    store::result<void> append(store::upload_session& to, std::size_t size) {
        return to.try_claim()->append(as_bytes(content(size)));
    }
    void cancel(store::upload_session& s) { hosted().sessions().end(s, *s.try_claim()).value(); }
    store::result<void> put(std::string const& repo, std::string const& bytes) {
        return hosted().put_small_blob(repo, oci::digest::of(bytes), bytes);
    }
};

bool is_too_much(auto const& r) {
    return !r && r.error().code == store::errc::too_much_unsettled;
}

bool is_over_quota(auto const& r) {
    return !r && r.error().code == store::errc::over_quota;
}

} // namespace

TEST_CASE("a quota bounds what the repositories below a prefix show, each layer once") {
    collected_store s;
    s.set_rules({.max_used_space = 12'000});
    s.push("local/a", content(5000, 1));
    s.push("local/b", content(5000, 1));
    auto const second = s.push("local/b", content(5000, 2));
    auto const third = content(5000, 3);
    auto const refused = s.hosted().put_small_blob("local/a", oci::digest::of(third), third);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == store::errc::over_quota);
    CHECK(s.hosted().remove_blob("local/b", second).value());
    s.age(60);
    CHECK(s.hosted().put_small_blob("local/a", oci::digest::of(third), third));
}

TEST_CASE("a quota counts what was pushed before a restart, and before it was set") {
    collected_store s;
    s.push("local/a", content(5000, 1));
    s.push("local-too/a", content(5000, 2));
    auto const more = content(5000, 3);
    auto const refused = [&] {
        auto const r = s.hosted().put_small_blob("local/a", oci::digest::of(more), more);
        return !r && r.error().code == store::errc::over_quota;
    };
    s.set_rules({.max_used_space = 8'000});
    CHECK(refused());
    REQUIRE(s.store->flush());
    s.reopen();
    s.set_rules({.max_used_space = 8'000});
    CHECK(refused());
    s.set_rules({.max_used_space = 10'000});
    CHECK_FALSE(refused());
}

TEST_CASE("uploads below a prefix may take as much as may be shown there, in pieces or in one go") {
    bounded_store s(12'000);
    auto const bytes = content(5000, 1);
    auto const d = oci::digest::of(bytes);
    s.push("local/z", content(10'000, 9)); // what is shown has its own bound
    auto const one = s.session("local/a");
    REQUIRE(one->try_claim()->append(as_bytes(bytes)));
    CHECK(is_too_much(s.hosted().begin_blob("local/b", d.algo(), 8000)));
    CHECK(is_over_quota(s.hosted().begin_blob("local/b", d.algo(), 12'001)));
    {
        auto other = s.hosted().begin_blob("local/b", d.algo(), 7000);
        REQUIRE(other);
        REQUIRE(other->append(as_bytes(bytes))); // is counted already
        CHECK(is_too_much(s.append(*one, 1)));
        auto unsized = s.hosted().begin_blob("local/b", d.algo(), {});
        REQUIRE(unsized);
        CHECK(is_too_much(unsized->append(as_bytes(content(1)))));
        CHECK(s.hosted().begin_blob("other/b", d.algo(), 7000));
    }
    CHECK(s.append(*one, 7000)); // one that was given up takes nothing
    s.cancel(*one);
    CHECK(s.hosted().begin_blob("local/b", d.algo(), 12'000));
}

TEST_CASE("what an upload took is free again once it is shown") {
    bounded_store s(12'000);
    for (unsigned i = 0; i < 2; ++i) {
        auto const bytes = content(6000, i);
        auto const d = oci::digest::of(bytes);
        auto const session = s.session("local/a");
        auto held = session->try_claim();
        REQUIRE(held->append(as_bytes(bytes)));
        REQUIRE(s.hosted().put_blob("local/a", *held->finished(d.algo()).value(), d));
        REQUIRE(s.hosted().sessions().end(*session, *std::move(held)));
        auto again = s.hosted().begin_blob("local/b", d.algo(), 12'000 - i);
        REQUIRE(again);
    }
}

TEST_CASE("the uploads of an earlier process count") {
    bounded_store s(12'000);
    auto const id = [&] {
        auto const begun = s.session("local/a");
        REQUIRE(s.append(*begun, 8000));
        return begun->id();
    }();
    REQUIRE(s.store->flush());
    s.reopen();
    s.set_rules({.max_used_space = 12'000});
    auto const other = s.session("local/b");
    CHECK(is_too_much(s.append(*other, 5000)));
    s.cancel(*s.hosted().sessions().find("local/a", id));
    CHECK(s.append(*other, 5000));
}

TEST_CASE("who pushes and deletes in turn is stopped until a collection") {
    bounded_store s(12'000);
    unsigned pushed = 0;
    auto const push = [&] {
        auto const bytes = content(5000, pushed);
        auto const d = oci::digest::of(bytes);
        auto blob = s.hosted().begin_blob("local/a", d.algo(), bytes.size());
        return blob && blob->append(as_bytes(bytes)) && s.hosted().put_blob("local/a", *blob, d) &&
               s.hosted().remove_blob("local/a", d).value();
    };
    for (; pushed < 100 && push(); ++pushed)
        s.now += 30;
    CHECK(pushed == 3); // which are more than the quota
    s.age();
    CHECK(s.collect() == 3);
    CHECK(push());
}

TEST_CASE("what is pushed in one piece and deleted counts too, and then no manifest is taken either") {
    bounded_store s(12'000);
    unsigned pushed = 0;
    for (; pushed < 100 && s.put("local/a", content(5000, pushed)); ++pushed) {
        REQUIRE(s.hosted().remove_blob("local/a", oci::digest::of(content(5000, pushed))).value());
        s.now += 30;
    }
    CHECK(pushed == 3);
    auto const bytes = s.image_of(oci::digest::of("c"), oci::digest::of("l"));
    auto const parsed = oci::parse_pushed_manifest(bytes, hosted_store::image_type).value();
    CHECK(is_too_much(s.hosted().put_manifest("local/a", {oci::digest::of(bytes), bytes, parsed, {}, "{}"})));
}

TEST_CASE("what is deleted and yet no garbage takes nothing, nor what is shown again") {
    bounded_store s(12'000);
    auto const shared = s.push("local/a", content(5000, 1));
    for (unsigned i = 0; i < 10; ++i) {
        REQUIRE(s.hosted().mount("local/b", shared, nullptr).value());
        REQUIRE(s.hosted().remove_blob("local/b", shared).value());
    }
    CHECK(s.hosted().begin_blob("local/a", shared.algo(), 12'000));
    for (unsigned i = 0; i < 10; ++i) {
        REQUIRE(s.hosted().remove_blob("local/a", shared).value());
        CHECK(s.hosted().begin_blob("local/a", shared.algo(), 12'000));
        s.now += 60; // what is shown is counted again
        s.push("local/a", content(5000, 1));
    }
}

TEST_CASE("who deletes to make room may push at once") {
    bounded_store s(12'000);
    auto const first = s.push("local/a", content(5000, 1));
    auto const image = s.put_manifest("local/a", s.image_of(first, s.push("local/a", content(5000, 2))), {"v1"});
    s.age(60);
    CHECK(is_over_quota(s.put("local/a", content(5000, 3))));
    CHECK(s.hosted().remove_manifest("local/a", image).value());
    CHECK(s.hosted().remove_blob("local/a", first).value());
    s.age(60);
    CHECK(s.put("local/a", content(5000, 3)));
}

TEST_CASE("who pushes below one prefix does not wait until what another shows is counted") {
    unsigned looked = 0, refused = 0;
    std::vector<std::future<bool>> late;
    std::atomic<std::thread::id> counting; // none
    bounded_store s(12'000);
    s.push("local/a", content(5000, 1));
    s.on_clock = [&] { // while it is counted, too
        if (std::this_thread::get_id() != counting || !late.empty())
            return;
        auto const too_much = content(20'000, ++looked); // what is refused has not met any lock but the quota's
        auto pushed =
            std::async(std::launch::async, [&s, too_much] { return is_over_quota(s.put("other/a", too_much)); });
        if (pushed.wait_for(std::chrono::seconds(20)) != std::future_status::ready)
            late.push_back(std::move(pushed));
        else
            refused += pushed.get();
    };
    s.reopen();
    s.set_rules({.max_used_space = 12'000});
    counting = std::this_thread::get_id();
    CHECK(s.put("local/a", content(5000, 2)));
    counting = std::thread::id();
    CHECK(looked > 0);
    CHECK(refused == looked);
    CHECK(late.empty());
    for (auto& each : late)
        each.wait();
}

TEST_CASE("while it is counted again what a prefix shows, others below it are told soon whether they may push") {
    unsigned looked = 0, refused = 0, granted = 0;
    std::vector<std::future<bool>> late;
    std::thread::id counting;
    bounded_store s(12'000);
    s.push("local/a", content(5000, 1));
    s.push("local/a", content(5000, 2));
    auto const is_soon = [&](auto put) {
        auto pushed = std::async(std::launch::async, put);
        if (pushed.wait_for(std::chrono::seconds(20)) == std::future_status::ready)
            return pushed.get();
        late.push_back(std::move(pushed));
        return false;
    };
    s.on_clock = [&] { // while it is counted, too
        if (std::this_thread::get_id() != counting || !late.empty())
            return;
        ++looked;
        refused += is_soon([&s, bytes = content(9000, looked)] {
            auto const answer = s.put("local/b", bytes);
            return is_over_quota(answer) || is_too_much(answer);
        });
        granted += is_soon([&s, bytes = content(100, looked)] { return s.put("local/b", bytes).has_value(); });
        s.now += 60; // so that it is counted again
    };
    counting = std::this_thread::get_id();
    CHECK(is_over_quota(s.put("local/a", content(9000))));
    counting = std::thread::id();
    CHECK(looked > 1);
    CHECK(refused == looked);
    CHECK(granted == looked);
    CHECK(late.empty());
    for (auto& each : late)
        each.wait();
    auto const left = 2000 - granted * 100; // what was granted meanwhile counts, and once
    CHECK(is_over_quota(s.put("local/a", content(left + 1, 1))));
    CHECK(s.put("local/a", content(left, 2)));
}

TEST_CASE("who has made room may push several at once") {
    bounded_store s(12'000);
    auto const first = s.push("local/a", content(10'000, 1));
    CHECK(s.hosted().remove_blob("local/a", first).value());
    s.now += 60;
    std::vector<std::future<bool>> pushed;
    for (unsigned i = 0; i < 5; ++i)
        pushed.push_back(std::async(
            std::launch::async, [&s, bytes = content(2100, i + 2)] { return s.put("local/a", bytes).has_value(); }));
    for (auto& each : pushed)
        CHECK(each.get());
}

TEST_CASE("what is shown is counted again though the clock was set back") {
    bounded_store s(12'000);
    auto const first = s.push("local/a", content(10'000, 1));
    CHECK(s.hosted().remove_blob("local/a", first).value());
    s.now -= 7200;
    CHECK(s.put("local/a", content(2001, 2)));
}

TEST_CASE("a repository has so many tags at most, and moving one is none more") {
    collected_store s;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < store::tag_counts::tags_max; ++i)
        names.push_back("v" + std::to_string(i));
    auto const config = s.push("local/a", "config");
    auto const bytes = s.image_of(config, s.push("local/a", content(5000)));
    s.put_manifest("local/a", bytes, names);
    auto const other = s.image_of(config, s.push("local/a", content(5000, 2)));
    auto const parsed = oci::parse_pushed_manifest(other, hosted_store::image_type).value();
    auto const push = [&](std::string const& repo, char const* tag) {
        return s.hosted().put_manifest(repo,
                                       {oci::digest::of(other), other, parsed, {oci::tag::parse(tag).value()}, "{}"});
    };
    auto const refused = push("local/a", "one-more");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == store::errc::too_many_tags);
    CHECK(push("local/a", "v7"));
    CHECK(push("local/b", "one-more"));
    CHECK(s.hosted().remove_tag("local/a", oci::tag::parse("v8").value()).value());
    CHECK_FALSE(push("local/a", "one-more"));
    s.now += 60; // counted again
    CHECK(push("local/a", "one-more"));
}

TEST_CASE("a quota bounds what is named too, however little it is", "[long]") {
    collected_store s;
    s.set_rules({.max_used_space = 1 << 20}); // 16 links beside the 100,000 that everybody may have
    std::string const bytes = "{}";
    auto const d = oci::digest::of(bytes);
    auto const put = [&](std::size_t n) { return s.hosted().put_small_blob("local/" + std::to_string(n), d, bytes); };
    for (std::size_t n = 0; n < 100'016; ++n)
        REQUIRE(put(n));
    auto const refused = put(100'016);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == store::errc::over_quota);
    CHECK(put(0)); // is there already
    CHECK(s.hosted().put_small_blob("project-x/a", d, bytes));
}
