#include "store/database.h"
#include "tests/catch.h"
#include "tests/store/fixture.h"
#include "tests/store/other_process.h"

#include <thread>

using namespace store_tests;
using store::errc;

TEST_CASE("a second open of the same store is refused with its path") {
    test_store s;
    auto const r = store::content_store::open(s.options());
    REQUIRE(!r);
    CHECK(r.error().code == errc::locked);
    CHECK(r.error().message.find((s.dir.path() / "store").string()) != std::string::npos);
    s.reopen(); // free again once closed
}

TEST_CASE("child: opens a store that is in use", "[.]") {
    if (auto const folder = child_argument("STORE"); !folder.empty()) {
        auto const r = store::content_store::open({.path = folder});
        ::_exit(!r && r.error().code == errc::locked ? 7 : 1);
    }
}

TEST_CASE("another process cannot open a store that is in use, and does not clear its temp folder") {
    test_store s;
    auto w = s.store->begin(oci::algorithm::sha256, 5000);
    REQUIRE(w);
    auto const status = run_child("child: opens a store that is in use", {{"STORE", s.options().path.string()}});
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
    CHECK(files_below(s.temp()) == 1);
}

TEST_CASE("a store of a newer schema is refused and left alone") {
    test_store s;
    s.put(content(5000));
    s.store.reset();
    {
        auto db = *store::database::open(s.dir.path() / "store/index");
        store::database::batch b(*db);
        b.put(store::family::meta, "schema", store::encode_count(store::schema_version + 1));
        REQUIRE(db->write(b, store::write_sync::no));
    }
    auto const r = store::content_store::open(s.options());
    REQUIRE(!r);
    CHECK(r.error().code == errc::newer_schema);
    CHECK(r.error().message.find("newer layerd") != std::string::npos);
    CHECK(r.error().message.find((s.dir.path() / "store").string()) != std::string::npos);
    CHECK(files_below(s.blobs()) == 1);
}

TEST_CASE("a store with kinds of rows that nobody here knows is newer too") {
    temp_dir dir;
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    std::filesystem::create_directories(dir.path() / "index");
    REQUIRE(rocksdb::DB::Open(options, (dir.path() / "index").string(), &db).ok());
    rocksdb::ColumnFamilyHandle* family = nullptr;
    REQUIRE(db->CreateColumnFamily({}, "from the future", &family).ok());
    REQUIRE(db->DestroyColumnFamilyHandle(family).ok());
    delete db;

    auto const r = store::content_store::open({.path = dir.path()});
    REQUIRE(!r);
    CHECK(r.error().code == errc::newer_schema);
}

TEST_CASE("a row that cannot be read is corrupt, not absent") {
    test_store s;
    auto const d = s.put(content(5000));
    s.store.reset();
    {
        auto db = *store::database::open(s.dir.path() / "store/index");
        store::database::batch b(*db);
        b.put(store::family::objects, store::digest_key(d), "\x01garbage");
        REQUIRE(db->write(b, store::write_sync::no));
    }
    s.open();
    auto const r = s.store->open_blob(d);
    REQUIRE(!r);
    CHECK(r.error().code == errc::corrupt);
    CHECK(r.error().message.find(d.to_string()) != std::string::npos);
}

TEST_CASE("what one thread has read from a table another finds in memory") {
    temp_dir dir;
    std::filesystem::create_directories(dir.path() / "index");
    auto const key = [](int i) { return "key " + std::to_string(1'000'000 + i); };
    auto const row = [](int i) { return "row " + std::to_string(i) + std::string(60, 'x') + std::to_string(i * 7919); };
    constexpr int rows = 5000; // some hundred blocks, compressed
    auto db = *store::database::open(dir.path() / "index");
    store::database::batch all(*db);
    for (int i = 0; i < rows; ++i)
        all.put(store::family::values, key(i), row(i));
    REQUIRE(db->write(all, store::write_sync::no));
    REQUIRE(db->flush());
    db.reset();
    db = *store::database::open(dir.path() / "index");

    std::thread disk([&] {
        rocksdb::PinnableSlice value;
        for (int i = 0; i < rows; ++i)
            (void)db->get(store::family::values, key(i), store::access::any, value);
    });
    int right = 0;
    for (int i = 0; i < rows; ++i) {
        rocksdb::PinnableSlice value;
        auto found = db->get(store::family::values, key(i), store::access::memory, value);
        while (!found && found.error().code == errc::would_block) {
            std::this_thread::yield();
            found = db->get(store::family::values, key(i), store::access::memory, value);
        }
        right += found && *found && value.ToStringView() == row(i) ? 1 : 0;
    }
    disk.join();
    CHECK(right == rows);
}
