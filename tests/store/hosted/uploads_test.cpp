// Upload sessions: pieces in order, through a restart, and gone when they are over.
#include "store/hosted/hosted_repositories.h"
#include "tests/catch.h"
#include "tests/store/fixture.h"

#include <thread>

using namespace store_tests;

namespace {

struct hosted_store : test_store {
    using test_store::test_store;
    store::hosted_repositories& hosted() { return store->hosted(); }
    store::uploads& sessions() { return store->hosted().sessions(); }

    std::string start(oci::algorithm a = oci::algorithm::sha256) {
        return sessions().start("local/a", a).value()->id();
    }
    bool append(std::string const& id, std::string_view bytes) {
        auto const session = sessions().find("local/a", id);
        auto held = session->try_claim();
        return held && held->append(as_bytes(bytes));
    }
    store::result<void> finish(std::string const& id, oci::digest const& d) {
        auto const session = sessions().find("local/a", id);
        auto held = session->try_claim();
        auto writer = held->finished(d.algo());
        auto done = writer ? hosted().put_blob("local/a", **writer, d) : store::result<void>(writer.error());
        (void)sessions().end(*session, *std::move(held));
        return done;
    }
    bool shows(std::string const& repo, oci::digest const& d) {
        return store->index().find_link(repo, d).value() && store->open_blob(d).value();
    }
    std::filesystem::path uploads() const { return dir.path() / "store/uploads"; }
};

} // namespace

TEST_CASE("an upload in pieces becomes a blob of its repository") {
    hosted_store s;
    auto const bytes = content(10'000);
    auto const d = oci::digest::of(bytes);
    auto const id = s.start();
    CHECK(s.append(id, bytes.substr(0, 4'000)));
    CHECK(s.sessions().find("local/a", id)->received() == 4'000);
    CHECK(s.append(id, bytes.substr(4'000)));
    CHECK_FALSE(s.shows("local/a", d));
    REQUIRE(s.finish(id, d));
    CHECK(s.shows("local/a", d));
    CHECK_FALSE(s.shows("local/b", d));
    CHECK(s.get(d) == bytes);
    CHECK(s.sessions().find("local/a", id) == nullptr);
    CHECK(files_below(s.uploads()) == 0);
    CHECK(s.store->used().reserved_bytes == 0);
}

TEST_CASE("an upload goes on after a restart") {
    hosted_store s;
    auto const bytes = content(200'000);
    auto const d = oci::digest::of(bytes);
    auto const id = s.start();
    auto const untouched = s.start();
    REQUIRE(s.append(id, bytes.substr(0, 150'000)));
    auto const before = s.store->used().disk_bytes;
    s.reopen();
    REQUIRE(s.sessions().find("local/a", untouched));
    CHECK(s.sessions().find("local/a", untouched)->received() == 0);
    CHECK(s.sessions().find("local/a", id)->received() == 150'000);
    CHECK(s.store->used().disk_bytes + 65'536 >= before); // the bytes count still
    REQUIRE(s.append(id, bytes.substr(150'000)));
    REQUIRE(s.finish(id, d));
    CHECK(s.get(d) == bytes);
}

TEST_CASE("an upload of an earlier process counts once while it is hashed again") {
    hosted_store s;
    auto const bytes = content(32 << 20);
    auto const id = s.start();
    REQUIRE(s.append(id, bytes));
    s.reopen();
    auto const& sums = s.store->internals()->sums;
    auto const before = sums.temp_bytes();
    CHECK(before == bytes.size());
    std::atomic<bool> over = false;
    std::uint64_t most = 0;
    std::thread other([&] {
        while (!over)
            most = std::max(most, sums.temp_bytes());
    });
    REQUIRE(s.append(id, "more"));
    over = true;
    other.join();
    CHECK(most <= before + store::disk_block_bytes);
    CHECK(sums.temp_bytes() == before + store::disk_block_bytes);
}

TEST_CASE("an upload of an earlier process that cannot be read counts on") {
    hosted_store s;
    auto const id = s.start();
    REQUIRE(s.append(id, content(100'000)));
    s.reopen();
    auto const before = s.store->internals()->sums.temp_bytes();
    s.files->fail("stat", EIO);
    CHECK_FALSE(s.append(id, "more"));
    CHECK(s.store->internals()->sums.temp_bytes() == before);
    s.files->on_call = {};
    CHECK(s.append(id, "more"));
}

TEST_CASE("an upload without a byte of this process can be finished after a restart") {
    hosted_store s;
    auto const bytes = content(5'000);
    auto const id = s.start();
    REQUIRE(s.append(id, bytes));
    s.reopen();
    auto const d = oci::digest::of(bytes, oci::algorithm::sha512);
    REQUIRE(s.finish(id, d));
    CHECK(s.get(d) == bytes);
}

TEST_CASE("an upload that was hashed otherwise than its digest asks is hashed again") {
    hosted_store s;
    auto const bytes = content(300'000);
    auto const d = oci::digest::of(bytes, oci::algorithm::sha512);
    auto const id = s.start(oci::algorithm::sha256);
    REQUIRE(s.append(id, bytes));
    REQUIRE(s.finish(id, d));
    CHECK(s.get(d) == bytes);
}

TEST_CASE("an upload with other bytes than its digest shows nothing, also where the digest is known") {
    hosted_store s;
    auto const secret = content(10'000, 7);
    auto const d = s.put(secret); // of a mirrored repository
    auto const id = s.start();
    REQUIRE(s.append(id, content(10'000, 8)));
    auto const done = s.finish(id, d);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == store::errc::digest_mismatch);
    CHECK_FALSE(s.shows("local/a", d));
    CHECK(files_below(s.uploads()) == 0);
}

TEST_CASE("an upload is found in its own repository only") {
    hosted_store s;
    auto const id = s.start();
    CHECK(s.sessions().find("local/b", id) == nullptr);
    CHECK(s.sessions().find("local/a", "another") == nullptr);
}

TEST_CASE("an upload is written by one request at a time") {
    hosted_store s;
    auto const session = s.sessions().find("local/a", s.start());
    auto first = session->try_claim();
    REQUIRE(first);
    CHECK_FALSE(session->try_claim());
    first.reset();
    CHECK(session->try_claim());
}

TEST_CASE("an upload that nobody goes on with ends, with its bytes") {
    hosted_store s;
    auto const idle = s.start();
    REQUIRE(s.append(idle, content(100'000)));
    auto const empty = s.start();
    s.now += 1000;
    auto const fresh = s.start();
    CHECK(s.sessions().end_idle(s.now - 500) == 2);
    CHECK(s.sessions().find("local/a", idle) == nullptr);
    CHECK(s.sessions().find("local/a", empty) == nullptr);
    CHECK(s.sessions().find("local/a", fresh) != nullptr);
    CHECK(files_below(s.uploads()) == 0);
    s.reopen();
    CHECK(s.sessions().count() == 1);
}

TEST_CASE("the bytes of an upload whose row is gone are removed at the next start") {
    hosted_store s;
    auto const id = s.start();
    REQUIRE(s.append(id, content(100'000)));
    store::database::batch b(*s.store->internals()->db);
    b.erase(store::family::uploads, id);
    REQUIRE(s.store->internals()->write(b, store::write_sync::no));
    s.reopen();
    CHECK(files_below(s.uploads()) == 0);
}

TEST_CASE("an upload counts against the limit and is refused at it") {
    hosted_store s(test_store::start::closed);
    s.limits.keep_storage = 40ull << 20;
    s.open();
    auto const id = s.start();
    bool refused = false;
    for (int i = 0; i < 60 && !refused; ++i)
        refused = !s.append(id, content(1 << 20, static_cast<unsigned>(i)));
    CHECK(refused);
    CHECK(disk_usage(s.dir.path() / "store") <= s.limits.keep_storage);
}

TEST_CASE("an upload that is not gone on with holds room for the bytes it has, not for those that may come") {
    hosted_store s;
    auto const bytes = content(5'000);
    auto const id = s.start();
    REQUIRE(s.append(id, bytes.substr(0, 1)));
    CHECK(s.store->used().reserved_bytes == 0);
    REQUIRE(s.append(id, bytes.substr(1)));
    CHECK(s.store->used().reserved_bytes == 0);
    REQUIRE(s.finish(id, oci::digest::of(bytes)));
    CHECK(s.get(oci::digest::of(bytes)) == bytes);
}

TEST_CASE("so many uploads may be under way and no more, until one ends") {
    hosted_store s;
    std::string one;
    for (std::size_t i = 0; i < store::uploads::max_sessions; ++i)
        one = s.start();
    auto const refused = s.sessions().start("local/b", oci::algorithm::sha256);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == store::errc::too_many);
    auto const session = s.sessions().find("local/a", one);
    REQUIRE(s.sessions().end(*session, *session->try_claim()));
    CHECK(s.sessions().start("local/b", oci::algorithm::sha256));
}
