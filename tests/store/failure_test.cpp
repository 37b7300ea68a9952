// The operating system says no, somewhere on the way in: the error is clear, nothing is left, and the store works on.
#include "store/disk_margin.h"
#include "tests/catch.h"
#include "tests/store/fixture.h"

#include <fstream>

using namespace store_tests;
using store::errc;

namespace {

// Stores 100 kB as a pushed layer, failing or not.
store::result<store::object> push(test_store& s, std::string const& bytes) {
    auto w = s.store->begin(oci::algorithm::sha256, bytes.size());
    if (!w)
        return w.error();
    if (auto appended = w->append(as_bytes(bytes)); !appended)
        return appended.error();
    return w->commit(oci::digest::of(bytes), {.origin = store::object_origin::push});
}

void check_clean(test_store& s) {
    CHECK(files_below(s.temp()) == 0);
    CHECK(files_below(s.blobs()) == 0);
    CHECK(s.store->used().objects == 0);
    CHECK(s.store->used().reserved_bytes == 0);
}

} // namespace

TEST_CASE("a disk that fills up is no_space, names the store, and gives the space back", "[faults]") {
    test_store s;
    auto const before = s.store->used().disk_bytes;
    for (auto const* call : {"write", "allocate", "open", "sync_data", "rename", "make_folder"}) {
        INFO(call);
        s.files->fail(call, ENOSPC);
        auto const r = push(s, content(100'000));
        REQUIRE(!r);
        CHECK(r.error().code == errc::no_space);
        s.files->on_call = {};
        check_clean(s);
    }
    CHECK(s.store->used().disk_bytes < before + 50'000); // folders and the index's log at most
    REQUIRE(push(s, content(100'000)));
    CHECK((s.get(oci::digest::of(content(100'000))) == content(100'000)));
}

TEST_CASE("the message of a full disk says what was tried and where", "[faults]") {
    test_store s;
    s.files->fail("write", ENOSPC);
    auto const r = push(s, content(100'000));
    REQUIRE(!r);
    CHECK(r.error().message.find("No space left on device") != std::string::npos);
    CHECK(r.error().message.find(s.dir.path().string()) != std::string::npos);
}

TEST_CASE("any other failure on the way in leaves nothing and can be repeated", "[faults]") {
    test_store s;
    for (auto const* call : {"write", "allocate", "sync_data", "rename", "make_folder", "sync_folder", "stat"}) {
        INFO(call);
        s.files->fail(call, EIO);
        auto const r = push(s, content(100'000));
        REQUIRE(!r);
        CHECK(r.error().code == errc::io);
        s.files->on_call = {};
        check_clean(s);
        CHECK(s.get(oci::digest::of(content(100'000))) == std::nullopt);
    }
    REQUIRE(push(s, content(100'000)));
}

TEST_CASE("new content stops before the disk is full, and goes on when there is room", "[faults]") {
    test_store s;
    auto const d = s.put(content(5000, 1));
    auto growing = s.store->begin(oci::algorithm::sha256, std::nullopt).value();
    s.files->free = store::content_margin_bytes + 30'000;
    for (std::size_t const size : {100, 9000})
        CHECK((s.get(s.put(content(size))) == content(size)));
    for (std::size_t const size : {30'001, 100'000}) {
        auto const r = s.store->put(oci::digest::of(content(size)), content(size), {});
        REQUIRE(!r);
        CHECK(r.error().code == errc::no_space);
        CHECK(r.error().message.find("full") != std::string::npos);
    }
    s.files->free = store::content_margin_bytes - 1;
    CHECK(s.store->put(oci::digest::of("x"), "x", {}).error().code == errc::no_space);
    CHECK(growing.append(as_bytes("x")).error().code == errc::no_space);
    REQUIRE(s.store->index().put_link("docker.io/a", d, {.size = 5000}));
    REQUIRE(s.store->remove(d)); // there is room for that
    s.files->free = std::uint64_t{1} << 40;
    s.put(content(5000, 1));
}

TEST_CASE("the index is not written on a full disk, and read all the same", "[faults]") {
    test_store s;
    auto const d = s.put(content(5000));
    s.files->free = store::index_margin_bytes - 1;
    CHECK(s.store->index().put_link("docker.io/a", d, {}).error().code == errc::no_space);
    s.files->free = store::removal_margin_bytes - 1;
    CHECK(s.store->remove(d).error().code == errc::no_space);
    CHECK((s.get(d) == content(5000)));
    CHECK(s.store->used().objects == 1);
    s.files->free = store::removal_margin_bytes; // removing is what makes room
    REQUIRE(s.store->remove(d));
    CHECK(s.store->used().objects == 0);
}

TEST_CASE("short writes are continued", "[faults]") {
    test_store s;
    s.files->write_max = 1000;
    for (std::size_t const size : {900, 1024, 100'000})
        CHECK((s.get(s.put(content(size))) == content(size)));
}

TEST_CASE("content that cannot be unlinked is absent all the same, and counts until it is gone", "[faults]") {
    test_store s;
    auto const before = s.store->used().disk_bytes;
    auto const d = s.put(content(50'000));
    s.files->fail("remove", EACCES);
    REQUIRE(s.store->remove(d));
    CHECK(s.warnings == 1);
    s.files->on_call = {};
    CHECK(s.get(d) == std::nullopt);
    CHECK(s.store->used().disk_bytes >= before + 50'000);
    s.store->maintain();
    CHECK(files_below(s.blobs()) == 0);
}

TEST_CASE("a file that could not be unlinked makes way for new content of its digest", "[faults]") {
    test_store s;
    auto const d = s.put(content(5000));
    s.files->fail("remove", EACCES);
    REQUIRE(s.store->remove(d));
    s.files->on_call = {};
    s.put(content(5000)); // over the file that stayed
    CHECK((s.get(d) == content(5000)));
    CHECK(files_below(s.blobs()) == 1);
}

namespace {

// As a power cut may leave it: the size is right, the last bytes never reached the disk.
void lose_tail(std::filesystem::path const& file) {
    auto const size = std::filesystem::file_size(file);
    std::filesystem::resize_file(file, size - 1000);
    std::filesystem::resize_file(file, size);
}

} // namespace

TEST_CASE("after a restart of the machine, unsynced content is believed only if its sums agree", "[faults]") {
    test_store s;
    auto const good = s.put(content(3'000'000, 1));
    auto const bad = s.put(content(3'000'000, 2));
    s.store.reset();
    lose_tail(s.blob_path(bad));
    s.files->boot = "second boot";
    s.open();

    auto const early = s.store->open_blob(good, store::access::memory);
    REQUIRE(!early);
    CHECK(early.error().code == errc::would_block);
    CHECK((s.get(good) == content(3'000'000, 1)));
    CHECK(s.get(bad) == std::nullopt);
    CHECK(s.warnings == 1);
    CHECK(s.store->used().objects == 1);
    CHECK(files_below(s.blobs()) == 1);
}

TEST_CASE("content that was checked once after a crash is not read again", "[faults]") {
    test_store s;
    auto const d = s.put(content(3'000'000));
    s.files->boot = "second boot";
    s.reopen();
    CHECK((s.get(d) == content(3'000'000)));
    s.files->boot = "third boot";
    s.reopen();
    int opens = 0;
    s.files->on_call = [&](std::string_view call) { return opens += call == "open", 0; };
    CHECK((s.get(d) == content(3'000'000)));
    CHECK(opens == 1); // the reader's own
}

TEST_CASE("a suspect object is replaced by whoever stores it anew", "[faults]") {
    test_store s;
    auto const d = s.put(content(3'000'000));
    s.store.reset();
    lose_tail(s.blob_path(d));
    s.files->boot = "second boot";
    s.open();
    s.put(content(3'000'000));
    CHECK((s.get(d) == content(3'000'000)));
    CHECK(s.warnings == 0);
}

TEST_CASE("a clean stop syncs everything once, and nothing is suspect after it", "[faults]") {
    test_store s;
    auto const d = s.put(content(3'000'000));
    REQUIRE(s.store->flush());
    CHECK(s.files->syncs_of_everything == 1);
    s.files->boot = "second boot";
    s.reopen();
    int opens = 0;
    s.files->on_call = [&](std::string_view call) { return opens += call == "open", 0; };
    CHECK((s.get(d) == content(3'000'000)));
    CHECK(opens == 1);
}

TEST_CASE("content stored after a clean stop's sync is suspect again", "[faults]") {
    test_store s;
    REQUIRE(s.store->flush());
    auto const d = s.put(content(3'000'000));
    s.store.reset();
    lose_tail(s.blob_path(d));
    s.files->boot = "second boot";
    s.open();
    CHECK(s.get(d) == std::nullopt);
}

TEST_CASE("a clean stop that cannot sync trusts nothing", "[faults]") {
    test_store s;
    auto const d = s.put(content(3'000'000));
    s.files->fail("sync_file_system", EIO);
    CHECK(!s.store->flush());
    s.files->on_call = {};
    s.store.reset();
    lose_tail(s.blob_path(d));
    s.files->boot = "second boot";
    s.open();
    CHECK(s.get(d) == std::nullopt);
}
