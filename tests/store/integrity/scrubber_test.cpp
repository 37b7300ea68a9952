#include "store/block_sums.h"
#include "store/integrity/quarantine.h"
#include "store/integrity/scrubber.h"
#include "store/object_table.h"
#include "tests/catch.h"
#include "tests/store/integrity/damage.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <thread>
#include <vector>

using namespace store_tests;
using store::damage;

namespace {

constexpr std::uint64_t block = store::sum_block_bytes;

struct scrubbing {
    explicit scrubbing(test_store& s)
        : scrubber(*s.store, [this](store::scrub_finding const& f) { found.push_back(f); }) {}

    // One pass, in steps of `budget`; how many they were.
    int pass(std::uint64_t budget = 1) {
        int steps = 1;
        while (!scrubber.step(budget).value().pass_completed)
            REQUIRE(++steps < 10'000);
        return steps;
    }

    std::vector<store::scrub_finding> found;
    store::scrubber scrubber;
};

// The only finding of a pass.
store::scrub_finding only_finding(test_store& s) {
    scrubbing r(s);
    r.pass();
    REQUIRE(r.found.size() == 1);
    CHECK(r.scrubber.counters().rotten == 1);
    return r.found[0];
}

bool in_cache(std::filesystem::path const& file, std::size_t page) {
    store::file_descriptor const fd(::open(file.c_str(), O_RDONLY));
    auto* const at = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd.get(), static_cast<off_t>(page * 4096));
    unsigned char there = 0;
    ::mincore(at, 4096, &there);
    ::munmap(at, 4096);
    return there & 1;
}

} // namespace

TEST_CASE("scrubbing a store in order finds nothing, and counts what it read") {
    quick_store s;
    auto const large = s.put(content(3'000'000));
    s.put(content(500));
    s.put("");
    scrubbing r(s);
    CHECK(r.pass() > 3); // block by block
    CHECK(r.found.empty());
    auto const c = r.scrubber.counters();
    CHECK(c.objects_checked == 3);
    CHECK(c.bytes_checked == 3'000'500);
    CHECK(c.rotten == 0);
    CHECK(c.passes_completed == 1);
    CHECK(s.warnings == 0);
    CHECK((s.get(large) == content(3'000'000)));
}

TEST_CASE("a flipped byte costs the row, and the file goes into quarantine") {
    quick_store s;
    auto const bytes = content(3'000'000);
    auto const d = s.put(bytes);
    flip_byte(s.blob_path(d), 2 * block + 7);
    auto const f = only_finding(s);
    CHECK(f.digest == d);
    CHECK(f.what == damage::wrong_bytes);
    CHECK(f.offset == 2 * block);
    CHECK(f.quarantined);
    CHECK(s.get(d) == std::nullopt);
    CHECK(s.store->used().objects == 0);
    CHECK(std::filesystem::file_size(quarantined(s, d)) == 3'000'000);
    CHECK(files_below(s.blobs()) == 0);
    CHECK(s.warnings == 1);
    CHECK_FALSE(inside(s).waiting.holds(d));
    CHECK(files_below(s.dir.path() / "store/quarantine") == 1);
    s.put(bytes);
    CHECK((s.get(d) == bytes));
}

TEST_CASE("a lookup that was remembered is outdated when its object turns out rotten") {
    quick_store s;
    auto const d = s.put(content(5000));
    flip_byte(s.blob_path(d), 1);
    auto const generation = s.store->index().generation();
    only_finding(s);
    CHECK(s.store->index().generation() != generation);
}

TEST_CASE("a reader that has the rotten file open reads on") {
    quick_store s;
    auto const d = s.put(content(5000));
    auto const reader = s.store->open_blob(d).value();
    flip_byte(s.blob_path(d), 1);
    only_finding(s);
    CHECK(read_all(*reader->file).size() == 5000);
}

TEST_CASE("a file that is missing, short or long costs the row") {
    quick_store s;
    auto const d = s.put(content(3'000'000));
    SECTION("missing") {
        std::filesystem::remove(s.blob_path(d));
        auto const f = only_finding(s);
        CHECK(f.what == damage::missing);
        CHECK_FALSE(f.offset);
        CHECK_FALSE(f.quarantined);
    }
    SECTION("a folder in its place") {
        std::filesystem::remove(s.blob_path(d));
        write_file(s.blob_path(d) / "inside", "x");
        auto const f = only_finding(s);
        CHECK(f.what == damage::missing);
        CHECK(std::filesystem::exists(s.blob_path(d) / "inside"));
    }
    SECTION("short") {
        std::filesystem::resize_file(s.blob_path(d), block + 5);
        auto const f = only_finding(s);
        CHECK(f.what == damage::wrong_size);
        CHECK(f.offset == block);
        CHECK(f.quarantined);
    }
    SECTION("long") {
        std::filesystem::resize_file(s.blob_path(d), 3'000'001);
        CHECK(only_finding(s).what == damage::wrong_size);
    }
    CHECK(s.get(d) == std::nullopt);
    CHECK(s.store->used().objects == 0);
}

TEST_CASE("two files that changed places are both wrong") {
    quick_store s;
    auto const a = s.put(content(5000, 1));
    auto const b = s.put(content(5000, 2));
    swap_files(s.blob_path(a), s.blob_path(b));
    scrubbing r(s);
    r.pass();
    REQUIRE(r.found.size() == 2);
    CHECK(r.found[0].what == damage::wrong_bytes);
    CHECK(r.found[0].offset == 0);
    CHECK(s.store->used().objects == 0);
}

TEST_CASE("small content that is not what its digest says is dropped") {
    quick_store s;
    auto const d = s.put("right");
    put_row(rows_of(s), store::family::small, store::digest_key(d), "wrong");
    auto const f = only_finding(s);
    CHECK(f.what == damage::wrong_bytes);
    CHECK_FALSE(f.quarantined);
    CHECK(s.get(d) == std::nullopt);
}

TEST_CASE("small content that is gone is dropped") {
    quick_store s;
    auto const d = s.put("right");
    erase_row(rows_of(s), store::family::small, store::digest_key(d));
    CHECK(only_finding(s).what == damage::wrong_row);
    CHECK(s.store->used().objects == 0);
}

TEST_CASE("a row that cannot be decoded goes, so that the content can come again") {
    quick_store s;
    auto const d = s.put(content(5000));
    put_row(rows_of(s), store::family::objects, store::digest_key(d), "?");
    CHECK(only_finding(s).what == damage::wrong_row);
    s.put(content(5000));
    CHECK((s.get(d) == content(5000)));
}

TEST_CASE("sums that are wrong about right bytes are rewritten") {
    quick_store s;
    auto const d = s.put(content(3'000'000));
    auto const right = store::find_sums(inside(s), d).value();
    auto wrong = right;
    SECTION("another sum") {
        wrong[1] ^= 1;
    }
    SECTION("one too few") {
        wrong.pop_back();
    }
    SECTION("one too many") {
        wrong.push_back(1);
    }
    put_row(rows_of(s), store::family::sums, store::digest_key(d), store::encode_sums(wrong));
    scrubbing r(s);
    r.pass();
    CHECK(r.found.empty());
    CHECK(r.scrubber.counters().sums_rewritten == 1);
    CHECK(store::find_sums(inside(s), d).value() == right);
    CHECK((s.get(d) == content(3'000'000)));
}

TEST_CASE("sums that cannot be decoded, or were never taken, are no fault of the file") {
    quick_store s;
    auto const d = s.put(content(3'000'000));
    auto const right = store::find_sums(inside(s), d).value();
    SECTION("cannot be decoded") {
        put_row(rows_of(s), store::family::sums, store::digest_key(d), "?");
    }
    SECTION("never taken") {
        erase_row(rows_of(s), store::family::sums, store::digest_key(d));
    }
    scrubbing r(s);
    r.pass();
    CHECK(r.found.empty());
    CHECK(store::find_sums(inside(s), d).value() == right);
}

TEST_CASE("rotten bytes are found without sums too") {
    quick_store s;
    auto const d = s.put(content(3'000'000));
    erase_row(rows_of(s), store::family::sums, store::digest_key(d));
    flip_byte(s.blob_path(d), 5);
    auto const f = only_finding(s);
    CHECK(f.what == damage::wrong_bytes);
    CHECK_FALSE(f.offset);
}

TEST_CASE("SHA-512 content is checked by its own digest") {
    quick_store s;
    auto const bytes = content(5000);
    auto const d = oci::digest::of(bytes, oci::algorithm::sha512);
    REQUIRE(s.store->put(d, bytes, {}));
    erase_row(rows_of(s), store::family::sums, store::digest_key(d));
    scrubbing r(s);
    r.pass();
    CHECK(r.found.empty());
    flip_byte(inside(s).folder->path_of(d), 5);
    r.pass();
    CHECK(r.found.size() == 1);
}

TEST_CASE("a file that cannot be read, twice, is dropped") {
    quick_store s;
    auto const d = s.put(content(3'000'000));
    SECTION("at its beginning") {
        s.files->fail("read", EIO);
    }
    SECTION("not even opened") {
        s.files->on_call = [n = 0](std::string_view call) mutable { return call == "open" && ++n <= 2 ? EIO : 0; };
    }
    auto const f = only_finding(s);
    CHECK(f.what == damage::unreadable);
    CHECK(f.quarantined);
    s.files->on_call = {};
    CHECK(s.get(d) == std::nullopt);
}

TEST_CASE("a file that cannot be read once is read again") {
    quick_store s;
    auto const d = s.put(content(5000));
    s.files->on_call = [n = 0](std::string_view call) mutable { return call == "read" && n++ == 0 ? EIO : 0; };
    scrubbing r(s);
    r.pass();
    CHECK(r.found.empty());
    CHECK((s.get(d) == content(5000)));
}

TEST_CASE("when nothing can be read, it is the disk, and all but the first object stay") {
    quick_store s;
    for (unsigned i = 0; i < 5; ++i)
        s.put(content(5000, i));
    s.files->fail("read", EIO);
    scrubbing r(s);
    int errors = 0;
    for (bool over = false; !over;) {
        auto const step = r.scrubber.step(1);
        errors += !step;
        over = step && step->pass_completed;
    }
    CHECK(errors == 4);
    CHECK(r.found.size() == 1);
    CHECK(s.store->used().objects == 4);
}

TEST_CASE("a rotten object that cannot be dropped is an error, and is found by the next pass") {
    quick_store s;
    auto const d = s.put(content(5000));
    flip_byte(s.blob_path(d), 1);
    scrubbing r(s);
    s.files->free = 0;
    bool refused = false;
    for (bool over = false; !over;) {
        auto const step = r.scrubber.step(1);
        refused = refused || (!step && step.error().code == store::errc::no_space);
        over = step && step->pass_completed;
    }
    CHECK(refused);
    CHECK(std::filesystem::exists(s.blob_path(d)));
    s.files->free = std::uint64_t{1} << 40;
    r.pass();
    CHECK(r.found.size() == 1);
}

TEST_CASE("an object that is replaced while its rotten file is read stays") {
    quick_store s;
    auto const bytes = content(3'000'000);
    auto const d = s.put(bytes);
    flip_byte(s.blob_path(d), 1);
    scrubbing r(s);
    (void)r.scrubber.step(1).value(); // opened
    (void)r.scrubber.step(1).value(); // a block was read
    REQUIRE(s.store->remove(d));
    s.put(bytes);
    r.pass();
    CHECK(r.found.empty());
    CHECK((s.get(d) == bytes));
}

TEST_CASE("an object that is read bit by bit is in nobody's way, and once it has gone nobody's business") {
    quick_store s;
    auto const d = s.put(content(3'000'000));
    flip_byte(s.blob_path(d), 1);
    scrubbing r(s);
    (void)r.scrubber.step(1).value();
    (void)r.scrubber.step(1).value();
    auto const purged = s.store->purge({d});
    CHECK(purged.total().objects == 1);
    CHECK(purged.kept_in_use == 0);
    CHECK_FALSE(std::filesystem::exists(s.blob_path(d)));
    r.pass();
    CHECK(r.found.empty());
    CHECK_FALSE(std::filesystem::exists(quarantined(s, d)));
}

TEST_CASE("a suspect object that was scrubbed is not read again when it is opened") {
    quick_store s;
    auto const d = s.put(content(3'000'000));
    s.files->boot = "second boot";
    s.reopen();
    scrubbing(s).pass();
    int opens = 0;
    s.files->on_call = [&](std::string_view call) { return opens += call == "open", 0; };
    CHECK((s.get(d) == content(3'000'000)));
    CHECK(opens == 1);
}

TEST_CASE("a restart goes on where the last step ended, with all counters") {
    quick_store s;
    for (unsigned i = 0; i < 10; ++i)
        s.put(content(2000, i));
    {
        scrubbing r(s);
        for (int i = 0; i < 8; ++i) // an opening and a reading each
            (void)r.scrubber.step(1).value();
        CHECK(r.scrubber.counters().objects_checked == 4);
    }
    s.reopen();
    scrubbing r(s);
    CHECK(r.scrubber.counters().objects_checked == 4);
    r.pass();
    CHECK(r.scrubber.counters().objects_checked == 10);
    CHECK(r.scrubber.counters().bytes_checked == 20'000);
    CHECK(r.scrubber.counters().passes_completed == 1);
    r.pass();
    CHECK(r.scrubber.counters().objects_checked == 20);
}

TEST_CASE("the time of a pass is that of its first and its last step") {
    quick_store s;
    s.put(content(2000));
    scrubbing r(s);
    s.now = 100;
    (void)r.scrubber.step(1).value();
    CHECK(r.scrubber.counters().pass_started_at == 100);
    CHECK(r.scrubber.counters().last_pass_ended_at == 0);
    s.now = 200;
    r.pass();
    CHECK(r.scrubber.counters().pass_started_at == 0);
    CHECK(r.scrubber.counters().last_pass_started_at == 100);
    CHECK(r.scrubber.counters().last_pass_ended_at == 200);
}

TEST_CASE("a memory of scrubbing that cannot be decoded is begun anew") {
    quick_store s;
    s.put(content(2000));
    put_row(rows_of(s), store::family::values, "scrub", "?");
    scrubbing r(s);
    r.pass();
    CHECK(r.scrubber.counters().objects_checked == 1);
}

TEST_CASE("an empty store is scrubbed at once") {
    quick_store s;
    scrubbing r(s);
    CHECK(r.pass() == 1);
}

TEST_CASE("a step reads no more than its budget and one block") {
    quick_store s;
    s.put(content(10'000'000));
    scrubbing r(s);
    for (bool over = false; !over;) {
        auto const step = r.scrubber.step(2 * block).value();
        CHECK(step.bytes < 3 * block + 4096);
        over = step.pass_completed;
    }
}

TEST_CASE("a stop request ends a step after its block") {
    quick_store s;
    s.put(content(10'000'000));
    std::stop_source stop;
    stop.request_stop();
    scrubbing r(s);
    CHECK(r.scrubber.step(1ull << 30, stop.get_token()).value().bytes <= block);
}

TEST_CASE("quarantine keeps the last files, and says what they take") {
    quick_store s;
    std::vector<oci::digest> digests;
    for (unsigned i = 0; i < store::quarantine_files_max + 3; ++i) {
        digests.push_back(s.put(content(5000, i)));
        flip_byte(s.blob_path(digests.back()), 1);
        only_finding(s);
        put_row(rows_of(s), store::family::values, "scrub", ""); // each from the beginning
    }
    CHECK(files_below(s.dir.path() / "store/quarantine") == store::quarantine_files_max);
    CHECK(std::filesystem::exists(quarantined(s, digests.back())));
    CHECK(scrubbing(s).scrubber.quarantined_bytes().value() == store::quarantine_files_max * 8192);
}

TEST_CASE("a file too large for quarantine is removed") {
    quick_store s;
    auto const d = s.put(content(5000));
    store::file_descriptor const fd(::open(s.blob_path(d).c_str(), O_WRONLY));
    if (::fallocate(fd.get(), 0, 0, static_cast<off_t>(store::quarantine_bytes_max + 4096)) != 0)
        return; // no such disk here
    auto const f = only_finding(s);
    CHECK(f.what == damage::wrong_size);
    CHECK_FALSE(f.quarantined);
    CHECK(files_below(s.dir.path() / "store/blobs") == 0);
    CHECK(scrubbing(s).scrubber.quarantined_bytes().value() == 0);
}

TEST_CASE("scrubbing leaves the page cache as it was") {
    test_store s;
    auto const d = s.put(content(3'000'000));
    auto const path = s.blob_path(d);
    store::file_descriptor const fd(::open(path.c_str(), O_RDONLY));
    REQUIRE(::fsync(fd.get()) == 0);
    ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_RANDOM);
    ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
    if (in_cache(path, 500))
        return; // a file system that is memory
    char byte = 0;
    REQUIRE(::pread(fd.get(), &byte, 1, 300 * 4096) == 1);
    scrubbing(s).pass();
    CHECK(in_cache(path, 300));
    for (auto const page : {0, 100, 500, 700})
        CHECK_FALSE(in_cache(path, static_cast<std::size_t>(page)));
}

TEST_CASE("scrubbing beside writers condemns nothing that is right") {
    quick_store s;
    std::vector<std::string> contents;
    for (unsigned i = 0; i < 12; ++i)
        contents.push_back(content(i % 3 ? 100'000 + i : 100 + i, i));
    std::atomic<int> wrong = 0, running = 3;
    scrubbing r(s);
    {
        std::vector<std::jthread> threads;
        for (unsigned t = 0; t < 3; ++t) {
            threads.emplace_back([&, t] {
                std::mt19937 random(t);
                for (int i = 0; i < 300; ++i) {
                    auto const& bytes = contents[random() % contents.size()];
                    auto const d = oci::digest::of(bytes);
                    auto const got = s.store->open_blob(d);
                    wrong += !got || (*got && read_all(*(*got)->file) != bytes);
                    wrong += random() % 2 ? !s.store->put(d, bytes, {}) : !s.store->remove(d);
                }
                --running;
            });
        }
        while (running > 0)
            r.pass(50'000);
    }
    CHECK(wrong == 0);
    CHECK(r.found.empty());
    CHECK(s.warnings == 0);
}
