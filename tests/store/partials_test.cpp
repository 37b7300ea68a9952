// What a broken download leaves is worth keeping, and never in the way.
#include "store/partials.h"
#include "store/side_writer.h"
#include "tests/catch.h"
#include "tests/store/fixture.h"

using namespace store_tests;
using store::errc;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;
std::string const hub = "docker.io";

struct broken_download : test_store {
    explicit broken_download(std::uint64_t keep_storage = 0) : test_store(start::closed) {
        limits.keep_storage = keep_storage;
        open();
        kept.emplace(*store);
    }
    ~broken_download() { kept.reset(); }

    std::string bytes = content(5 * mib);
    oci::digest digest = oci::digest::of(bytes);
    std::optional<store::partials> kept;

    std::span<std::byte const> part(std::size_t from, std::size_t size) const {
        return as_bytes(std::string_view(bytes).substr(from, size));
    }
    store::blob_writer begin(std::size_t written) {
        auto w = store->begin(oci::algorithm::sha256, bytes.size()).value();
        REQUIRE(w.append(part(0, written)));
        return w;
    }
};

} // namespace

TEST_CASE("a download goes on where an earlier one broke off") {
    broken_download s;
    s.kept->keep(s.digest, hub, s.begin(3 * mib));
    auto w = s.kept->take(s.digest, hub, s.bytes.size());
    REQUIRE(w);
    CHECK(w->written() == 3 * mib);
    REQUIRE(w->append(s.part(3 * mib, 2 * mib)));
    REQUIRE(w->commit(s.digest, {}));
    CHECK((s.get(s.digest) == s.bytes));
    CHECK_FALSE(s.kept->take(s.digest, hub, s.bytes.size()));
}

TEST_CASE("what one sender has left is not gone on with by another, and goes once the content is here") {
    broken_download s;
    s.kept->keep(s.digest, "elsewhere", s.begin(3 * mib));
    CHECK_FALSE(s.kept->take(s.digest, hub, {}));
    s.kept->keep(s.digest, hub, s.begin(2 * mib));
    auto w = s.kept->take(s.digest, hub, {});
    REQUIRE(w);
    CHECK(w->written() == 2 * mib);
    REQUIRE(w->append(s.part(2 * mib, 3 * mib)));
    REQUIRE(w->commit(s.digest, {}));
    w.reset();
    CHECK(s.store->used().reserved_bytes > 0);
    s.kept->drop(s.digest);
    CHECK(s.store->used().reserved_bytes == 0);
    CHECK_FALSE(s.kept->take(s.digest, "elsewhere", {}));
}

TEST_CASE("what came before its turn is not kept, and nobody writes it any more") {
    broken_download s;
    auto w = s.begin(2 * mib);
    auto const side = w.side();
    s.kept->keep(s.digest, hub, std::move(w));
    CHECK_FALSE(side->write(4 * mib, s.part(0, 10)).value());
    auto again = s.kept->take(s.digest, hub, {});
    REQUIRE(again);
    CHECK(again->side()->write(4 * mib, s.part(0, 10)).value());
}

TEST_CASE("who says that it has another size does not get it, and leaves it for others") {
    broken_download s;
    s.kept->keep(s.digest, hub, s.begin(2 * mib));
    s.now += store::partials::age_max.count();
    CHECK_FALSE(s.kept->take(s.digest, hub, s.bytes.size() + 1));
    SECTION("who names the right one gets it") {
        CHECK(s.kept->take(s.digest, hub, s.bytes.size()));
    }
    SECTION("it is none the younger for it") {
        s.now += 1;
        CHECK_FALSE(s.kept->take(s.digest, hub, s.bytes.size()));
    }
}

TEST_CASE("too little, what has failed and what nobody asked for in a day is not kept") {
    broken_download s;
    s.kept->keep(s.digest, hub, s.begin(mib - 1));
    CHECK_FALSE(s.kept->take(s.digest, hub, {}));

    auto failed = s.begin(2 * mib);
    REQUIRE_FALSE(failed.append(s.part(0, 4 * mib)));
    s.kept->keep(s.digest, hub, std::move(failed));
    CHECK_FALSE(s.kept->take(s.digest, hub, {}));

    s.kept->keep(s.digest, hub, s.begin(2 * mib));
    s.now += store::partials::age_max.count() + 1;
    CHECK_FALSE(s.kept->take(s.digest, hub, {}));
    CHECK(files_below(s.temp()) == 0);
    CHECK(s.store->used().reserved_bytes == 0);
}

TEST_CASE("what is too old goes, though nobody downloads anything") {
    broken_download s;
    s.kept->keep(s.digest, hub, s.begin(2 * mib));
    s.now += store::partials::age_max.count();
    s.store->maintain();
    CHECK(files_below(s.temp()) == 1);
    s.now += 1;
    s.store->maintain();
    CHECK(files_below(s.temp()) == 0);
    CHECK(s.store->used().reserved_bytes == 0);
}

TEST_CASE("what is kept counts as used, and goes before anything else when there is no room") {
    broken_download s(48 * mib);
    s.bytes = content(20 * mib);
    auto const stored = content(4 * mib, 2);
    auto const d = s.put(stored);
    s.kept->keep(s.digest, hub, s.begin(2 * mib));
    CHECK(s.store->used().reserved_bytes + s.store->used().disk_bytes >= 24 * mib);
    REQUIRE(s.store->begin(oci::algorithm::sha256, 6 * mib)); // there is room for both
    auto const other = s.store->begin(oci::algorithm::sha256, 26 * mib);
    REQUIRE(other);
    CHECK_FALSE(s.kept->take(s.digest, hub, {}));
    CHECK(s.get(d) == stored);
}

TEST_CASE("what is kept does not go for what can never fit") {
    broken_download s(16 * mib);
    s.kept->keep(s.digest, hub, s.begin(2 * mib));
    auto const refused = s.store->begin(oci::algorithm::sha256, std::uint64_t{10} << 40);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::no_space);
    CHECK_FALSE(s.store->begin(oci::algorithm::sha256, 17 * mib));
    CHECK(s.kept->take(s.digest, hub, {}));
}

TEST_CASE("what is kept does not go for a margin of the disk that it cannot restore") {
    broken_download s;
    s.kept->keep(s.digest, hub, s.begin(2 * mib));
    s.files->free = 32 * mib;
    CHECK_FALSE(s.store->begin(oci::algorithm::sha256, mib));
    CHECK(s.kept->take(s.digest, hub, {}));
}

TEST_CASE("not more than so many are kept, and the oldest goes") {
    broken_download s;
    for (unsigned i = 0; i <= store::partials::count_max; ++i) {
        ++s.now;
        s.kept->keep(oci::digest::of(std::to_string(i)), hub, s.begin(mib));
    }
    CHECK_FALSE(s.kept->take(oci::digest::of("0"), hub, {}));
    CHECK(s.kept->take(oci::digest::of("1"), hub, {}));
}
