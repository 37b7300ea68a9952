// The limit holds: whatever is written, by how many, and when it is lowered.
#include "store/disk_margin.h"
#include "store/space.h"
#include "tests/catch.h"
#include "tests/store/fixture.h"
#include "tests/store/integrity/damage.h"

#include <shared_mutex>
#include <thread>

using namespace store_tests;
using store::errc;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;

struct limited_store : test_store {
    explicit limited_store(std::uint64_t keep_storage) : test_store(start::closed, fast_folder()) {
        limits.keep_storage = keep_storage;
        open();
    }
    std::uint64_t du() const { return disk_usage(dir.path() / "store"); }
    bool has(oci::digest const& d) { return store->find(d).value().has_value(); }
};

} // namespace

TEST_CASE("ten times the limit goes through the store and never takes more than the limit", "[long]") {
    limited_store s(24 * mib);
    std::mt19937 random(7);
    std::uint64_t most = 0;
    for (unsigned i = 0; i < 400; ++i) {
        auto const size = 100 + random() % (i % 3 == 0 ? 3'000'000 : 200'000);
        s.put(content(size, i), {.kind = store::object_kind::layer});
        most = std::max(most, s.du());
    }
    CHECK(most <= s.limits.keep_storage);
    CHECK(most >= s.limits.keep_storage / 2); // and it is used
    CHECK(s.store->used().disk_bytes <= s.limits.keep_storage);
}

TEST_CASE("fifty writers at once share what there is, and those that it does not suffice for are told") {
    limited_store s(20 * mib);
    std::vector<store::blob_writer> writers;
    std::size_t refused = 0;
    for (int i = 0; i < 50; ++i) {
        auto w = s.store->begin(oci::algorithm::sha256, mib);
        if (w)
            writers.push_back(*std::move(w));
        else
            refused += w.error().code == errc::no_space;
    }
    CHECK(writers.size() + refused == 50);
    CHECK(writers.size() >= 15);
    CHECK(refused > 0);
    CHECK(s.du() <= s.limits.keep_storage);
    writers.clear();
    REQUIRE(s.store->begin(oci::algorithm::sha256, 10 * mib));
}

TEST_CASE("threads that fill, read and remove at once stay below the limit") {
    limited_store s(24 * mib);
    std::vector<std::jthread> threads;
    std::uint64_t most = 0;
    std::shared_mutex still; // du sees one moment: what comes and what goes while it walks is never there at once
    std::atomic<unsigned> wrong = 0;
    for (unsigned t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (unsigned i = 0; i < 60; ++i) {
                auto const bytes = content(50'000 + 30'000 * (i % 40), t % 2 * 1000 + i);
                auto const d = oci::digest::of(bytes);
                {
                    std::shared_lock const moving(still);
                    auto const stored = s.store->put(d, bytes, {});
                    wrong += !stored && stored.error().code != errc::no_space;
                    if (auto const found = s.store->open_blob(d); found && *found)
                        wrong += read_all(*(*found)->file) != bytes;
                    if (i % 16 == t)
                        (void)s.store->remove(d);
                }
                std::unique_lock const looking(still);
                most = std::max(most, s.du());
            }
        });
    threads.clear();
    CHECK(wrong == 0);
    CHECK(most <= s.limits.keep_storage);
}

TEST_CASE("what is larger than the limit is refused, and nothing goes for it") {
    limited_store s(16 * mib);
    auto const d = s.put(content(mib));
    auto const r = s.store->begin(oci::algorithm::sha256, 17 * mib);
    REQUIRE(!r);
    CHECK(r.error().code == errc::no_space);
    CHECK(s.has(d));
}

TEST_CASE("content of unknown size is refused when the limit is reached") {
    limited_store s(16 * mib);
    auto w = s.store->begin(oci::algorithm::sha256, std::nullopt).value();
    auto const piece = content(mib);
    std::size_t written = 0;
    while (written < 32 && w.append(as_bytes(piece)))
        ++written;
    CHECK(written >= 8);
    CHECK(written < 16);
    CHECK(s.du() <= s.limits.keep_storage);
}

TEST_CASE("a limit that is lowered holds at once") {
    limited_store s(64 * mib);
    for (unsigned i = 0; i < 40; ++i)
        s.put(content(mib, i));
    REQUIRE(s.du() > 40 * mib);
    s.limits.keep_storage = 20 * mib;
    s.store->set_limits(s.limits);
    CHECK(s.du() <= 20 * mib);
    CHECK(s.store->used().objects >= 12);
    s.reopen();
    CHECK(s.du() <= 20 * mib);
}

TEST_CASE("a store that is opened with a lower limit comes below it when it is maintained") {
    limited_store s(64 * mib);
    for (unsigned i = 0; i < 40; ++i)
        s.put(content(mib, i));
    s.limits.keep_storage = 20 * mib;
    s.reopen();
    s.store->maintain();
    CHECK(s.du() <= 20 * mib);
}

TEST_CASE("content that is being read is not evicted") {
    limited_store s(16 * mib);
    auto const bytes = content(4 * mib);
    auto const d = s.put(bytes);
    auto const reading = s.store->open_blob(d).value();
    for (unsigned i = 1; i < 30; ++i)
        s.put(content(mib, i));
    CHECK(s.has(d));
    CHECK((read_all(*reading->file) == bytes));
}

TEST_CASE("when all that is here is being read, new content is refused and nothing is harmed") {
    limited_store s(16 * mib);
    std::vector<store::content_store::opened> readers;
    std::vector<oci::digest> held;
    for (unsigned i = 0; i < 100; ++i) {
        auto const bytes = content(mib, i);
        auto const d = oci::digest::of(bytes);
        if (!s.store->put(d, bytes, {}))
            break;
        held.push_back(d);
        readers.push_back(*s.store->open_blob(d).value());
    }
    REQUIRE(held.size() >= 8);
    REQUIRE(held.size() < 16);
    auto const r = s.store->begin(oci::algorithm::sha256, mib);
    REQUIRE(!r);
    CHECK(r.error().code == errc::no_space);
    for (auto const& d : held)
        CHECK(s.has(d));
    readers.clear();
    REQUIRE(s.store->begin(oci::algorithm::sha256, mib));
}

TEST_CASE("a fill that is followed keeps its content until the last follower has left") {
    limited_store s(16 * mib);
    auto const bytes = content(4 * mib);
    auto const d = oci::digest::of(bytes);
    std::shared_ptr<store::blob_file const> following;
    {
        auto w = s.store->begin(oci::algorithm::sha256, bytes.size()).value();
        following = w.view();
        REQUIRE(w.append(as_bytes(bytes)));
        REQUIRE(w.commit(d, {}));
    }
    for (unsigned i = 1; i < 30; ++i)
        s.put(content(mib, i));
    CHECK(s.has(d));
    CHECK(s.store->purge({d}).kept_in_use == 1);
    following.reset();
    CHECK(s.store->purge({d}).total().objects == 1);
    CHECK_FALSE(s.has(d));
}

TEST_CASE("a file that was removed under its reader counts until the reader has left") {
    limited_store s(16 * mib);
    auto const bytes = content(4 * mib);
    auto const d = s.put(bytes);
    auto reading = s.store->open_blob(d).value();
    REQUIRE(s.store->remove(d));
    CHECK_FALSE(s.has(d));
    CHECK((read_all(*reading->file) == bytes));
    CHECK(s.store->used().disk_bytes >= 4 * mib);
    CHECK(files_below(s.blobs()) == 1);
    reading.reset();
    s.store->maintain();
    CHECK(files_below(s.blobs()) == 0);
    CHECK(s.store->used().disk_bytes < 4 * mib);
}

TEST_CASE("what waited for its reader when the process ended is removed by the next start") {
    limited_store s(16 * mib);
    auto const d = s.put(content(mib));
    auto reading = s.store->open_blob(d).value();
    REQUIRE(s.store->remove(d));
    CHECK(files_below(s.blobs()) == 1);
    s.reopen(); // the reader is still there, as it is after a kill
    CHECK(files_below(s.blobs()) == 0);
    CHECK(s.store->used().objects == 0);
}

TEST_CASE("the disk keeps min_free_space, whoever fills it") {
    limited_store s(0);
    s.limits.min_free_space = 100 * mib;
    s.store->set_limits(s.limits);
    std::vector<oci::digest> all;
    for (unsigned i = 0; i < 10; ++i)
        all.push_back(s.put(content(mib, i)));
    s.files->free = 101 * mib;
    auto const refused = s.store->begin(oci::algorithm::sha256, 64 * mib);
    REQUIRE(!refused);
    CHECK(refused.error().code == errc::no_space);
    for (auto const& d : all)
        CHECK(s.has(d)); // not enough, so nothing went

    s.files->free = 97 * mib;
    s.store->maintain();
    CHECK(s.store->used().objects <= 7);
    CHECK(s.store->used().objects >= 6);
    CHECK(s.store->used().evicted[static_cast<std::size_t>(store::gc_reason::min_free_space)].objects >= 3);
}

TEST_CASE("reserved_space is not given up for a disk that others fill") {
    limited_store s(0);
    s.limits = {.keep_storage = 0, .min_free_space = 100 * mib, .reserved_space = 5 * mib};
    s.store->set_limits(s.limits);
    for (unsigned i = 0; i < 10; ++i)
        s.put(content(mib, i));
    s.files->free = 70 * mib;
    s.store->maintain();
    CHECK(s.store->used().objects >= 4);
    CHECK(s.store->used().objects < 10);
}

TEST_CASE("small objects go too, and their space comes back", "[long]") {
    limited_store s(16 * mib);
    for (unsigned i = 0; i < 30'000; ++i) {
        auto const bytes = content(1000, i);
        auto const stored = s.store->put(oci::digest::of(bytes), bytes, {.kind = store::object_kind::manifest});
        if (!stored)
            CHECK(stored.error().code == errc::no_space);
    }
    CHECK(s.du() <= s.limits.keep_storage);
    CHECK(s.store->used().evicted[0].objects > 10'000);
    REQUIRE(s.store->begin(oci::algorithm::sha256, mib));
}

TEST_CASE("with a full disk what is here can still be evicted") {
    limited_store s(16 * mib);
    s.limits.min_free_space = 1 * mib;
    s.store->set_limits(s.limits);
    for (unsigned i = 0; i < 5; ++i)
        s.put(content(mib, i));
    s.files->free = store::removal_margin_bytes;
    s.limits.min_free_space = store::removal_margin_bytes + mib / 2;
    s.store->set_limits(s.limits);
    CHECK(s.store->used().objects == 4);
}

TEST_CASE("where the disk is too full to note that content went, everything stays and eviction ends") {
    test_store s;
    constexpr unsigned count = 400; // many times what goes at once
    for (unsigned i = 0; i < count; ++i)
        s.put(content(5000, i));
    s.store->maintain();
    s.files->free = 0;
    s.store->set_limits({.keep_storage = 1});
    CHECK(s.warnings > 0);
    CHECK(s.warnings <= 2); // it does not try with one after the other
    for (int i = 0; i < 10; ++i)
        s.store->maintain();
    CHECK(s.warnings <= 2);
    CHECK(s.store->used().objects == count);
    s.files->free = std::uint64_t{1} << 40;
    s.store->maintain();
    CHECK(s.store->used().objects == 0);
}

TEST_CASE("what cannot be read in the index keeps nothing else from going") {
    test_store s;
    constexpr unsigned count = 40; // more than go at once
    for (unsigned i = 0; i < count; ++i)
        s.put(content(5000, i));
    s.store->maintain();
    auto const family = GENERATE(store::family::objects, store::family::link_counts);
    put_row(rows_of(s), family, store::digest_key(oci::digest::of(content(5000, 7))), "damaged");
    s.store->set_limits({.keep_storage = 1});
    CHECK(s.warnings > 0);
    CHECK(s.store->used().objects == 1);
}

TEST_CASE("a part of the index that cannot be read keeps the rest of the store from nothing") {
    limited_store s(0);
    constexpr unsigned count = 1000; // whose rows take several blocks
    for (unsigned i = 0; i < count; ++i)
        s.put(content(2000, i));
    REQUIRE(s.store->flush());
    s.store.reset();
    unsigned damaged = 0;
    for (auto const& file : std::filesystem::directory_iterator(s.dir.path() / "store/index")) {
        std::ifstream in(file.path(), std::ios::binary);
        std::string const bytes(std::istreambuf_iterator<char>(in), {});
        if (file.path().extension() != ".sst" || bytes.find("nameobjects") == std::string::npos)
            continue; // of another family
        flip_byte(file.path(), bytes.size() / 2);
        ++damaged;
    }
    REQUIRE(damaged == 1);
    s.open();
    s.store->maintain();
    auto const warned = s.warnings.load();
    CHECK(warned > 0);
    for (int i = 0; i < 10; ++i)
        s.store->maintain();
    CHECK(s.warnings == warned);
    s.limits.keep_storage = s.store->used().disk_bytes + s.store->used().reserved_bytes;
    auto const before = s.store->used().objects;
    s.store->set_limits({.keep_storage = mib});
    CHECK(s.store->used().objects < before);
}

TEST_CASE("space that was freed rests before it is promised again, and waiting for it loses nothing") {
    limited_store s(16 * mib);
    s.limits.rest = std::chrono::milliseconds(20);
    s.store->set_limits(s.limits);
    for (unsigned i = 0; i < 40; ++i) {
        auto const before = std::chrono::steady_clock::now();
        auto const evicted = s.store->used().evicted[0].objects;
        s.put(content(2 * mib, i));
        auto const took = std::chrono::steady_clock::now() - before;
        CHECK((s.store->used().evicted[0].objects == evicted || took >= s.limits.rest));
    }
    CHECK(s.du() <= s.limits.keep_storage);
}

TEST_CASE("the index follows a limit that is lowered from gigabytes to megabytes, and raised again") {
    limited_store s(4096 * mib);
    for (auto const limit : {28 * mib, 4096 * mib, 20 * mib}) {
        s.limits.keep_storage = limit;
        s.store->set_limits(s.limits);
        for (unsigned i = 0; i < 3000; ++i) {
            auto const bytes = content(900, i + static_cast<unsigned>(limit >> 20) * 10'000);
            REQUIRE(s.store->put(oci::digest::of(bytes), bytes, {}));
        }
        s.put(content(mib, static_cast<unsigned>(limit)));
        CHECK(s.du() <= limit);
    }
}
