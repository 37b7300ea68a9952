#include "tests/catch.h"
#include "tests/store/fixture.h"

#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace store_tests;
using store::errc;

TEST_CASE("small content is a row, large content a file named by its digest") {
    test_store s;
    auto const small = s.put(content(1024));
    auto const large = s.put(content(1025));

    CHECK(files_below(s.blobs()) == 1);
    CHECK(std::filesystem::file_size(s.blob_path(large)) == 1025);
    auto const row = s.store->open_blob(small);
    REQUIRE((row && *row));
    CHECK((*row)->file->in_memory());
    CHECK((*row)->info.place == store::object_place::row);
    auto const file = s.store->open_blob(large);
    REQUIRE((file && *file));
    CHECK_FALSE((*file)->file->in_memory());
    CHECK((*file)->info.place == store::object_place::file);
    CHECK((s.get(small) == content(1024)));
    CHECK((s.get(large) == content(1025)));
}

TEST_CASE("content is described as it was stored") {
    test_store s;
    auto const d =
        s.put(content(5000),
              {.kind = store::object_kind::layer, .origin = store::object_origin::push, .media_type = "application/x"});
    auto const info = s.store->find(d);
    REQUIRE((info && *info));
    CHECK((*info)->size == 5000);
    CHECK((*info)->disk_bytes == 8192);
    CHECK((*info)->stored_at == s.now);
    CHECK((*info)->kind == store::object_kind::layer);
    CHECK((*info)->origin == store::object_origin::push);
    CHECK((*info)->media_type == "application/x");
}

TEST_CASE("empty content can be stored") {
    test_store s;
    CHECK(s.get(s.put("")) == "");
}

TEST_CASE("content under sha512 has a folder of its own") {
    test_store s;
    auto const bytes = content(3000);
    auto const d = oci::digest::of(bytes, oci::algorithm::sha512);
    REQUIRE(s.store->put(d, bytes, {}));
    CHECK((s.get(d) == bytes));
    CHECK(files_below(s.blobs() / "sha512") == 1);
    CHECK(s.get(oci::digest::of(bytes)) == std::nullopt);
}

TEST_CASE("content that was never stored is absent, in memory and on disk") {
    test_store s;
    auto const d = oci::digest::of("nothing");
    CHECK(s.get(d) == std::nullopt);
    auto const found = s.store->find(d, store::access::memory);
    REQUIRE(found);
    CHECK_FALSE(*found);
}

TEST_CASE("put refuses bytes that are not the digest's, small and large") {
    test_store s;
    for (std::size_t const size : {10, 10'000}) {
        auto const r = s.store->put(oci::digest::of("other"), content(size), {});
        REQUIRE(!r);
        CHECK(r.error().code == errc::digest_mismatch);
    }
    CHECK(s.store->used().objects == 0);
    CHECK(files_below(s.blobs()) == 0);
    CHECK(files_below(s.temp()) == 0);
}

TEST_CASE("a restart keeps content, rows and sums") {
    test_store s;
    auto const small = s.put(content(100));
    auto const large = s.put(content(100'000), {.kind = store::object_kind::layer});
    REQUIRE(s.store->index().put_link("docker.io/a", large, {.size = 100'000}));
    auto const before = s.store->used();

    for (bool const clean : {false, true}) {
        if (clean)
            REQUIRE(s.store->flush());
        s.reopen();
        CHECK((s.get(small) == content(100)));
        CHECK((s.get(large) == content(100'000)));
        CHECK(s.store->used().objects == 2);
        CHECK(s.store->used().content_bytes == before.content_bytes);
        CHECK(s.store->used().logical_bytes == before.logical_bytes);
    }
    CHECK(s.warnings == 0);
}

TEST_CASE("removed content is absent at once, and its file and numbers are gone") {
    test_store s;
    auto const empty = s.store->used();
    auto const small = s.put(content(100));
    auto const large = s.put(content(100'000));
    REQUIRE(s.store->remove(small));
    REQUIRE(s.store->remove(large));
    CHECK(s.get(small) == std::nullopt);
    CHECK(s.get(large) == std::nullopt);
    CHECK(files_below(s.blobs()) == 0);
    CHECK(s.store->used().objects == 0);
    CHECK(s.store->used().content_bytes == empty.content_bytes);
    REQUIRE(s.store->remove(large)); // absent is fine
    CHECK(s.store->used().objects == 0);
}

TEST_CASE("a reader keeps reading what was removed under it") {
    test_store s;
    for (std::size_t const size : {100, 100'000}) {
        auto const d = s.put(content(size));
        auto const found = s.store->open_blob(d);
        REQUIRE((found && *found));
        REQUIRE(s.store->remove(d));
        CHECK((read_all(*(*found)->file) == content(size)));
    }
}

TEST_CASE("content removed and stored again is there") {
    test_store s;
    auto const d = s.put(content(5000));
    REQUIRE(s.store->remove(d));
    s.put(content(5000));
    CHECK((s.get(d) == content(5000)));
    CHECK(s.store->used().objects == 1);
}

TEST_CASE("removing content grows the generation, storing it does not") {
    test_store s;
    auto const before = s.store->index().generation();
    auto const d = s.put(content(5000));
    CHECK(s.store->index().generation() == before);
    REQUIRE(s.store->remove(d));
    CHECK(s.store->index().generation() > before);
}

TEST_CASE("an object whose file is gone is dropped when met, and said so") {
    test_store s;
    auto const d = s.put(content(5000));
    std::filesystem::remove(s.blob_path(d));
    auto const before = s.store->index().generation();
    CHECK(s.get(d) == std::nullopt);
    CHECK(s.warnings == 1);
    CHECK(s.store->used().objects == 0);
    CHECK(s.store->index().generation() > before);
    s.put(content(5000));
    CHECK((s.get(d) == content(5000)));
}

TEST_CASE("an object whose file has another size is dropped with its file") {
    test_store s;
    auto const d = s.put(content(5000));
    std::filesystem::resize_file(s.blob_path(d), 4999);
    CHECK(s.get(d) == std::nullopt);
    CHECK(files_below(s.blobs()) == 0);
    CHECK(s.store->used().content_bytes == 0);
}

TEST_CASE("storing content again repairs an object whose file is gone") {
    test_store s;
    auto const d = s.put(content(5000));
    std::filesystem::remove(s.blob_path(d));
    s.put(content(5000));
    CHECK((s.get(d) == content(5000)));
    CHECK(s.store->used().objects == 1);
    CHECK(s.warnings == 0);
}

TEST_CASE("a file that cannot be opened for another reason is an error, not an absence") {
    test_store s;
    auto const d = s.put(content(5000));
    for (auto const& [number, code] : {std::pair(EMFILE, errc::no_descriptors), std::pair(EIO, errc::io)}) {
        s.files->fail("open", number);
        auto const r = s.store->open_blob(d);
        REQUIRE(!r);
        CHECK(r.error().code == code);
    }
    s.files->on_call = {};
    CHECK((s.get(d) == content(5000)));
}

TEST_CASE("lookups in memory answer from memtables and say would_block for cold rows") {
    test_store s;
    auto const d = s.put(content(100));
    auto const hot = s.store->find(d, store::access::memory);
    REQUIRE((hot && *hot));

    REQUIRE(s.store->flush());
    s.reopen();
    auto const cold = s.store->find(d, store::access::memory);
    REQUIRE(!cold);
    CHECK(cold.error().code == errc::would_block);
    CHECK((s.get(d) == content(100)));
    auto const warm = s.store->open_blob(d, store::access::memory);
    REQUIRE((warm && *warm));
    CHECK(((*warm)->file->bytes() == content(100)));
}

TEST_CASE("lookups in memory find what is there or say would_block, however many files the index has") {
    test_store s; // RocksDB opens the first sixteen at the start, the others when they are first read
    auto const tag_of = [](int i) { return oci::tag::parse("t" + std::to_string(i)).value(); };
    std::vector<oci::digest> all;
    for (int i = 0; i < 12; ++i) {
        all.push_back(s.put(content(100 + static_cast<std::size_t>(i))));
        REQUIRE(s.store->index().put_tag("docker.io/library/a", tag_of(i), {all.back(), i, i}));
        REQUIRE(s.store->flush());
        s.reopen();
    }
    for (int i = 0; i < 12; ++i) {
        auto const tag = s.store->index().find_tag("docker.io/library/a", tag_of(i), store::access::memory);
        CHECK(
            (tag ? *tag && (*tag)->digest == all[static_cast<std::size_t>(i)] : tag.error().code == errc::would_block));
        auto const blob = s.store->open_blob(all[static_cast<std::size_t>(i)], store::access::memory);
        CHECK((blob ? *blob && (*blob)->file->size() == 100 + static_cast<std::size_t>(i)
                    : blob.error().code == errc::would_block));
    }
    CHECK(s.warnings == 0);
    for (std::size_t i = 0; i < 12; ++i)
        CHECK((s.get(all[i]) == content(100 + i)));
}

TEST_CASE("a file that cannot be opened from memory would block, whatever the reason") {
    test_store s;
    auto const d = s.put(content(5000));
    for (int const number : {EAGAIN, ENOSYS, EPERM, ENOENT}) {
        s.files->fail("open_if_cached", number);
        auto const r = s.store->open_blob(d, store::access::memory);
        REQUIRE(!r);
        CHECK(r.error().code == errc::would_block);
    }
    s.files->on_call = {};
    CHECK((s.get(d) == content(5000)));
    auto const r = s.store->open_blob(d, store::access::memory); // the path was just looked up
    if (r)
        CHECK((read_all(*(*r)->file) == content(5000)));
    else
        CHECK(r.error().code == errc::would_block); // kernels before 5.12
}

TEST_CASE("opening clears what a crash left in the temp folder") {
    test_store s;
    s.store.reset();
    std::ofstream(s.temp() / "17") << "half a layer";
    s.open();
    CHECK(files_below(s.temp()) == 0);
}

TEST_CASE("a store that cannot be created says where and why") {
    auto const r = store::content_store::open({.path = "/proc/nowhere"});
    REQUIRE(!r);
    CHECK(r.error().code == errc::io);
    CHECK(r.error().message.find("/proc/nowhere") != std::string::npos);
}

TEST_CASE("content stored as a file stays readable when the bound for rows is raised, and the other way") {
    test_store s;
    auto const small = s.put(content(1000));
    auto const large = s.put(content(2000));
    for (std::uint64_t const bound : {500, 4000}) {
        s.store.reset();
        auto options = s.options();
        options.inline_max = bound;
        s.store = *store::content_store::open(options);
        CHECK((s.get(small) == content(1000)));
        CHECK((s.get(large) == content(2000)));
        s.put(content(1000));
        s.put(content(2000));
        CHECK(s.store->used().objects == 2);
    }
}

TEST_CASE("what is stored is nobody else's to read, whatever files are by default") {
    namespace fs = std::filesystem;
    auto const before = ::umask(0);
    test_store s;
    s.put(content(100));
    s.put(content(5000));
    ::umask(before);
    unsigned folders = 0, files = 0;
    using walk = fs::recursive_directory_iterator;
    for (walk at(s.dir.path() / "store"); at != walk(); ++at) {
        INFO(at->path());
        auto const mode = at->status().permissions();
        if (at->path().filename() == "index") // RocksDB's files: their folder keeps others out
            at.disable_recursion_pending();
        (at->is_directory() ? folders : files) += 1;
        CHECK(mode == (at->is_directory() ? fs::perms::owner_all : fs::perms::owner_read | fs::perms::owner_write));
    }
    CHECK(folders >= 7);
    CHECK(files == 1);
}
