#include "store/accounting.h"
#include "tests/catch.h"
#include "tests/store/fixture.h"

#include <cstdlib>

using namespace store_tests;
using store::errc;

namespace {

// RocksDB makes and removes small files of its own between two looks.
constexpr std::uint32_t index_slack = 64 * 1024;

store::blob_writer begin(test_store& s, std::optional<std::uint64_t> size) {
    auto w = s.store->begin(oci::algorithm::sha256, size);
    if (!w)
        throw std::runtime_error(w.error().message);
    return *std::move(w);
}

void append(store::blob_writer& w, std::string_view bytes) {
    REQUIRE(w.append(as_bytes(bytes)));
}

// Nothing but the empty store.
void check_nothing_left(test_store& s) {
    CHECK(files_below(s.temp()) == 0);
    CHECK(files_below(s.blobs()) == 0);
    CHECK(s.store->used().objects == 0);
    CHECK(s.store->used().reserved_bytes == 0);
    CHECK(s.store->used().content_bytes == 0);
}

} // namespace

TEST_CASE("content arrives in pieces, of known and unknown size, small and large") {
    test_store s;
    for (std::size_t const size : {0, 1, 1024, 1025, 3'000'000}) {
        for (bool const known : {true, false}) {
            auto const bytes = content(size, static_cast<unsigned>(size) + known);
            auto const d = oci::digest::of(bytes);
            auto w = begin(s, known ? std::optional<std::uint64_t>(size) : std::nullopt);
            for (std::size_t at = 0; at < size; at += 700'001)
                append(w, std::string_view(bytes).substr(at, 700'001));
            CHECK(w.written() == size);
            auto const stored = w.commit(d, {});
            REQUIRE(stored);
            CHECK(stored->size == size);
            CHECK((stored->place == store::object_place::row) == (size <= 1024));
            CHECK((s.get(d) == bytes));
        }
    }
    CHECK(files_below(s.temp()) == 0);
}

TEST_CASE("nothing is visible before commit") {
    test_store s;
    auto const bytes = content(5000);
    auto w = begin(s, 5000);
    append(w, bytes);
    CHECK(w.finish() == oci::digest::of(bytes));
    CHECK(s.get(oci::digest::of(bytes)) == std::nullopt);
    REQUIRE(w.commit(oci::digest::of(bytes), {}));
    CHECK((s.get(oci::digest::of(bytes)) == bytes));
}

TEST_CASE("a writer that is given up leaves nothing") {
    test_store s;
    for (std::size_t const size : {100, 100'000}) {
        auto w = begin(s, size);
        append(w, content(size / 2));
        CHECK(s.store->used().reserved_bytes > 0);
    }
    check_nothing_left(s);
}

TEST_CASE("bytes of another digest leave nothing") {
    test_store s;
    for (std::size_t const size : {100, 100'000}) {
        auto w = begin(s, size);
        append(w, content(size));
        auto const r = w.commit(oci::digest::of("other"), {});
        REQUIRE(!r);
        CHECK(r.error().code == errc::digest_mismatch);
    }
    check_nothing_left(s);
}

TEST_CASE("fewer bytes than announced are refused, even if the digest is right") {
    test_store s;
    auto w = begin(s, 5000);
    append(w, content(4999));
    auto const r = w.commit(oci::digest::of(content(4999)), {});
    REQUIRE(!r);
    CHECK(r.error().code == errc::size_mismatch);
}

TEST_CASE("more bytes than announced are refused, and the writer is done for") {
    test_store s;
    auto w = begin(s, 5000);
    append(w, content(5000));
    auto const r = w.append(as_bytes("x"));
    REQUIRE(!r);
    CHECK(r.error().code == errc::size_mismatch);
    CHECK(!w.append({}));
    CHECK(!w.commit(oci::digest::of(content(5000)), {}));
}

TEST_CASE("a view reads what is written while the writer goes on, and after commit and removal") {
    test_store s;
    for (std::size_t const size : {900, 90'000}) {
        auto const bytes = content(size);
        auto w = begin(s, size);
        auto const view = w.view();
        CHECK(view->size() == size);
        std::string half(size / 2, '\0');
        append(w, std::string_view(bytes).substr(0, size / 2));
        CHECK(view->read(0, std::as_writable_bytes(std::span(half))).value() == half.size());
        CHECK((half == bytes.substr(0, size / 2)));

        append(w, std::string_view(bytes).substr(size / 2));
        CHECK((read_all(*view) == bytes));
        CHECK(view->fd() >= 0);
        REQUIRE(w.commit(oci::digest::of(bytes), {}));
        CHECK((read_all(*view) == bytes));
        REQUIRE(s.store->remove(oci::digest::of(bytes)));
        CHECK((read_all(*view) == bytes));
    }
}

TEST_CASE("a view of a growing file ends where the writer is") {
    test_store s;
    auto w = begin(s, 100'000);
    append(w, content(1000));
    CHECK((read_all(*w.view()) == content(1000)));
}

TEST_CASE("two writers of one digest both succeed, and one copy is kept") {
    test_store s;
    for (std::size_t const size : {500, 50'000}) {
        auto const bytes = content(size);
        auto const d = oci::digest::of(bytes);
        auto a = begin(s, size);
        auto b = begin(s, std::nullopt);
        append(a, bytes);
        append(b, bytes);
        REQUIRE(a.commit(d, {}));
        REQUIRE(b.commit(d, {}));
        CHECK((read_all(*b.view(), size) == bytes));
        CHECK((s.get(d) == bytes));
    }
    CHECK(s.store->used().objects == 2);
    CHECK(s.store->used().content_bytes == 50'500);
    CHECK(files_below(s.blobs()) == 1);
    CHECK(files_below(s.temp()) == 0);
}

TEST_CASE("what the second writer knows is added to what the first knew") {
    test_store s;
    s.put(content(5000));
    auto const d = s.put(content(5000), {.kind = store::object_kind::config, .origin = store::object_origin::push});
    s.put(content(5000), {.kind = store::object_kind::layer});
    auto const info = **s.store->find(d);
    CHECK(info.kind == store::object_kind::config);
    CHECK(info.origin == store::object_origin::push);
}

TEST_CASE("pushed content is synced with its folders, pulled content only with full durability") {
    test_store s;
    int data = 0, folders = 0;
    s.files->on_call = [&](std::string_view call) {
        data += call == "sync_data";
        folders += call == "sync_folder";
        return 0;
    };
    s.put(content(5000, 1));
    CHECK(data + folders == 0);
    s.put(content(5000, 2), {.origin = store::object_origin::push});
    CHECK(data == 1);
    CHECK(folders == 2);
    s.put(content(5000, 1), {.origin = store::object_origin::push}); // pulled before, not synced then
    CHECK(data == 2);
    s.durability = store::durability::full;
    s.reopen();
    s.put(content(5000, 3));
    CHECK(data == 3);
}

TEST_CASE("space is reserved in whole blocks before the first byte and moves to the disk as it is written") {
    test_store s;
    auto const empty = s.store->used();
    auto w = begin(s, 100'000);
    CHECK(s.store->used().reserved_bytes == store::whole_blocks(100'000));
    append(w, content(50'000));
    CHECK(s.store->used().reserved_bytes == store::whole_blocks(100'000) - store::whole_blocks(50'000));
    append(w, content(50'000, 2));
    CHECK(s.store->used().reserved_bytes == 0);
    CHECK(s.store->used().disk_bytes + index_slack >= empty.disk_bytes + 100'000);
    struct stat st {};
    REQUIRE(::fstat(w.view()->fd(), &st) == 0);
    CHECK(store::disk_bytes(st) == store::whole_blocks(100'000));
}

TEST_CASE("the disk's numbers agree with the file system's") {
    test_store s;
    auto const on_disk = [&] {
        std::uint64_t sum = 0;
        for (auto const& e : std::filesystem::recursive_directory_iterator(s.dir.path() / "store")) {
            struct stat st {};
            REQUIRE(::lstat(e.path().c_str(), &st) == 0);
            sum += store::disk_bytes(st);
        }
        return sum;
    };
    auto const off_by = [&] { return static_cast<std::int64_t>(s.store->used().disk_bytes - on_disk()); };
    CHECK(std::abs(off_by()) <= std::int64_t{index_slack});
    for (unsigned i = 0; i < 20; ++i)
        s.put(content(1000 + 7000 * i, i));
    CHECK(std::abs(off_by()) <= std::int64_t{index_slack});
    REQUIRE(s.store->remove(oci::digest::of(content(1000 + 7000 * 9, 9))));
    CHECK(std::abs(off_by()) <= std::int64_t{index_slack});
    s.reopen();
    CHECK(std::abs(off_by()) <= std::int64_t{index_slack});
}

TEST_CASE("a writer may outlive its store") {
    test_store s;
    auto w = begin(s, 5000);
    append(w, content(5000));
    s.store.reset();
    REQUIRE(w.commit(oci::digest::of(content(5000)), {}));
    { auto const gone = std::move(w); }
    s.open();
    CHECK((s.get(oci::digest::of(content(5000))) == content(5000)));
}

TEST_CASE("what readers hold of content that was not kept is counted until they are gone") {
    test_store s;
    constexpr std::size_t size = 1'000'000;
    auto const bytes = content(size);
    std::shared_ptr<store::blob_file const> view;
    auto const given_up = GENERATE(true, false);
    {
        auto w = begin(s, size);
        view = w.view();
        append(w, bytes);
        if (!given_up) { // another was first
            s.put(bytes);
            REQUIRE(w.commit(oci::digest::of(bytes), {}));
        }
    }
    CHECK(files_below(s.temp()) == 0);
    auto const read = s.store->used().disk_bytes;
    view.reset();
    s.store->maintain(); // which closes it
    CHECK(read + index_slack >= s.store->used().disk_bytes + size);
}
