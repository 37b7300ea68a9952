#include "store/block_sums.h"
#include "store/integrity/fsck.h"
#include "store/object_table.h"
#include "tests/catch.h"
#include "tests/store/integrity/damage.h"

#include <functional>
#include <vector>

using namespace store_tests;
using store::fault;

namespace {

store::result<store::fsck_report> try_check(test_store& s, bool repair = false, unsigned threads = 1) {
    return store::fsck({.path = s.dir.path() / "store", .repair = repair, .threads = threads, .files = s.files});
}

store::fsck_report check(test_store& s, bool repair = false) {
    return try_check(s, repair).value();
}

std::vector<fault> kinds(store::fsck_report const& r) {
    std::vector<fault> all;
    for (auto const& f : r.findings)
        all.push_back(f.kind);
    return all;
}

// Some of everything, closed.
struct closed_store : quick_store {
    closed_store() {
        auto& index = store->index();
        for (auto const& d : {large, other})
            (void)index.put_link("docker.io/a", d, {}).value();
        oci::manifest const m{.media_type = "m/m",
                              .children = {{.media_type = "l/l", .digest = large, .size = 3'000'000}}};
        (void)index.put_manifest("docker.io/a", small, m, 5).value();
        (void)index.put_tag("docker.io/a", *oci::tag::parse("t"), {.digest = small}).value();
        store.reset();
    }

    std::string const bytes = content(3'000'000);
    oci::digest large = put(bytes);
    oci::digest other = put(content(3'000'000, 2));
    oci::digest small = put("small");
};

// Opens the store to hurt its rows.
void hurt_rows(test_store& s, std::function<void(store::database&)> const& hurt) {
    s.open();
    hurt(rows_of(s));
    s.store.reset();
}

// What the check finds, that it writes nothing by itself, and that after a repair all is in order and serves.
std::vector<fault> found_and_repaired(test_store& s) {
    auto const first = check(s);
    CHECK(kinds(check(s)) == kinds(first));
    CHECK_FALSE(first.in_order());
    auto const repaired = check(s, true);
    CHECK(kinds(repaired) == kinds(first));
    CHECK(repaired.in_order());
    CHECK(kinds(check(s)).empty());
    s.open();
    return kinds(first);
}

} // namespace

TEST_CASE("fsck finds nothing in a store in order") {
    closed_store s;
    auto const r = check(s);
    CHECK(r.findings.empty());
    CHECK(r.in_order());
    CHECK(r.objects == 3);
    CHECK(r.bytes == 6'000'005);
}

TEST_CASE("fsck with two threads finds the same") {
    closed_store s;
    for (unsigned i = 10; i < 40; ++i) {
        s.open();
        s.put(content(2000, i));
        s.store.reset();
    }
    flip_byte(s.blob_path(s.other), 5);
    auto const r = try_check(s, false, 2).value();
    CHECK(kinds(r) == kinds(check(s)));
    CHECK(r.objects == 33);
}

TEST_CASE("fsck repairs a flipped byte by dropping the object, and says where it was") {
    closed_store s;
    flip_byte(s.blob_path(s.large), 2'500'000);
    CHECK(check(s).findings.at(0).message.find("offset 2097152") != std::string::npos);
    CHECK(found_and_repaired(s) == std::vector{fault::wrong_bytes});
    CHECK(s.get(s.large) == std::nullopt);
    CHECK(s.store->used().objects == 2);
    CHECK(s.store->used().content_bytes == 3'000'005);
    CHECK(s.store->used().logical_bytes == 3'000'005);
    CHECK(files_below(s.blobs()) == 1);
}

TEST_CASE("fsck finds truncated, grown, deleted and swapped files") {
    closed_store s;
    std::vector<fault> expected;
    SECTION("truncated") {
        std::filesystem::resize_file(s.blob_path(s.large), 2'999'999);
        expected = {fault::wrong_size};
    }
    SECTION("grown") {
        std::filesystem::resize_file(s.blob_path(s.large), 3'000'001);
        expected = {fault::wrong_size};
    }
    SECTION("deleted") {
        std::filesystem::remove_all(s.blob_path(s.large).parent_path());
        expected = {fault::missing};
    }
    SECTION("swapped") {
        swap_files(s.blob_path(s.large), s.blob_path(s.other));
        expected = {fault::wrong_bytes, fault::wrong_bytes};
    }
    SECTION("swapped with small content") {
        hurt_rows(s, [&](auto& db) { put_row(db, store::family::small, store::digest_key(s.small), "swapped"); });
        expected = {fault::wrong_bytes};
    }
    SECTION("small content gone") {
        hurt_rows(s, [&](auto& db) { erase_row(db, store::family::small, store::digest_key(s.small)); });
        expected = {fault::missing};
    }
    CHECK(found_and_repaired(s) == expected);
    CHECK((s.put(s.bytes) == s.large));
    CHECK((s.get(s.large) == s.bytes));
}

TEST_CASE("fsck moves what is in the way of a file to lost+found") {
    closed_store s;
    std::filesystem::remove(s.blob_path(s.large));
    write_file(s.blob_path(s.large) / "notes", "mine");
    write_file(s.blobs() / "notes", "mine too");
    write_file(s.dir.path() / "store/lost+found/notes", "there already");
    CHECK(found_and_repaired(s) == std::vector{fault::missing, fault::foreign, fault::foreign});
    auto const kept = s.dir.path() / "store/lost+found";
    CHECK(std::filesystem::exists(kept / s.large.hex() / "notes"));
    CHECK(std::filesystem::exists(kept / "notes.1"));
    s.put(s.bytes);
    CHECK((s.get(s.large) == s.bytes));
}

TEST_CASE("fsck finds files without a row, also beside small content") {
    closed_store s;
    auto const orphan = add_orphan(s);
    write_file(s.blob_path(s.small), "small");
    CHECK(found_and_repaired(s) == std::vector{fault::orphan, fault::orphan});
    CHECK_FALSE(std::filesystem::exists(s.blob_path(orphan)));
    CHECK(s.get(s.small) == "small");
}

TEST_CASE("fsck takes a file that the disk does not give for lost") {
    closed_store s;
    s.files->on_call = [n = 0](std::string_view call) mutable { return call == "read" && n++ == 0 ? EIO : 0; };
    auto const r = check(s, true);
    REQUIRE(kinds(r) == std::vector{fault::unreadable});
    CHECK(r.findings[0].message.find("Input/output error") != std::string::npos);
    s.files->on_call = {};
    CHECK(check(s).findings.empty());
    CHECK(check(s).objects == 2);
}

TEST_CASE("fsck gives up, and drops nothing, where it lacks the right to read") {
    closed_store s;
    s.files->fail("read", EACCES);
    auto const r = try_check(s, true, 2);
    REQUIRE(!r);
    CHECK(r.error().code == store::errc::io);
    s.files->on_call = {};
    CHECK(check(s).findings.empty());
}

TEST_CASE("fsck puts wrong block sums right and keeps the object") {
    closed_store s;
    std::string value;
    SECTION("another number") {
        value = store::encode_sums(std::vector<std::uint64_t>{1, 2, 3});
    }
    SECTION("another length") {
        value = store::encode_sums(std::vector<std::uint64_t>{1});
    }
    hurt_rows(s, [&](auto& db) { put_row(db, store::family::sums, store::digest_key(s.large), value); });
    CHECK(found_and_repaired(s) == std::vector{fault::wrong_sums});
    CHECK((s.get(s.large) == s.bytes));
}

TEST_CASE("fsck deletes rows that cannot be decoded, of every kind") {
    closed_store s;
    using store::family;
    std::vector<fault> expected = {fault::undecodable_row};
    auto const put = [&](family f, std::string_view key, std::string_view value = "?") {
        hurt_rows(s, [&](auto& db) { put_row(db, f, key, value); });
    };
    SECTION("small content's key") {
        put(family::small, "x");
    }
    SECTION("sums") {
        put(family::sums, store::digest_key(s.large));
    }
    SECTION("a link") {
        put(family::links, store::link_key("docker.io/a", s.large));
        expected.push_back(fault::wrong_link_count);
        expected.push_back(fault::wrong_totals); // logical_bytes
    }
    SECTION("a link's key") {
        put(family::links, "no digest");
    }
    SECTION("a link count's key") {
        put(family::link_counts, "x", store::encode_count(1));
    }
    SECTION("a tag") {
        put(family::tags, store::tag_key("docker.io/a", "t"));
    }
    SECTION("a tag's key") {
        put(family::tags, store::tag_key("docker.io/a", "not a tag"), store::encode(store::tag_record{s.small}));
    }
    SECTION("children") {
        put(family::children, store::digest_key(s.small));
        expected.push_back(fault::wrong_reference); // their parents have no other half then
    }
    SECTION("an object's key") {
        put(family::objects, "x");
    }
    auto const r = check(s, true);
    CHECK(r.findings.at(0).kind == fault::undecodable_row);
    CHECK(r.in_order());
    CHECK(check(s).findings.empty());
    if (expected.size() == 1)
        CHECK(kinds(r) == expected);
    s.open();
    CHECK((s.get(s.large) == s.bytes));
}

TEST_CASE("fsck drops an object whose row cannot be decoded, with its file and sums") {
    closed_store s;
    hurt_rows(s, [&](auto& db) { put_row(db, store::family::objects, store::digest_key(s.large), "?"); });
    auto const r = check(s, true);
    CHECK(r.in_order());
    CHECK(r.findings.at(0).kind == fault::undecodable_row);
    CHECK(check(s).findings.empty());
    s.open();
    CHECK(s.store->used().objects == 2);
    CHECK(s.store->used().logical_bytes == 3'000'005);
    CHECK(files_below(s.blobs()) == 1);
}

TEST_CASE("fsck removes content and sums of no object") {
    closed_store s;
    hurt_rows(s, [&](auto& db) {
        put_row(db, store::family::small, store::digest_key(oci::digest::of("x")), "x");
        put_row(db, store::family::sums, store::digest_key(s.small), store::encode_sums({}));
    });
    CHECK(found_and_repaired(s) == std::vector{fault::stray_row, fault::stray_row});
    CHECK(s.get(s.small) == "small");
}

TEST_CASE("fsck puts back what is written twice, and takes away what has no other half") {
    closed_store s;
    using store::family;
    hurt_rows(s, [&](auto& db) {
        erase_row(db, family::holders, store::holder_key(s.large, "docker.io/a"));
        erase_row(db, family::parents, store::parent_key(s.large, s.small));
        put_row(db, family::holders, store::holder_key(s.large, "docker.io/b"), "");
        put_row(db, family::parents, store::parent_key(s.other, s.small), "");
        put_row(db, family::parents, store::parent_key(s.small, s.large), "");
    });
    CHECK(found_and_repaired(s) == std::vector(5, fault::wrong_reference));
}

TEST_CASE("a file in the trash of a store that was killed is a leftover") {
    closed_store s;
    auto const d = add_orphan(s);
    hurt_rows(s, [&](auto& db) {
        add_orphan(s);
        put_row(db, store::family::trash, store::digest_key(d), store::encode_count(4096));
    });
    CHECK(kinds(check(s)) == std::vector{fault::leftover});
    check(s, true);
    CHECK(check(s).findings.empty());
}

TEST_CASE("fsck corrects link counts") {
    closed_store s;
    auto const count = [&](std::string const& value) {
        hurt_rows(s, [&](auto& db) { put_row(db, store::family::link_counts, store::digest_key(s.large), value); });
    };
    SECTION("too high") {
        count(store::encode_count(7));
    }
    SECTION("unreadable") {
        count("?");
    }
    SECTION("missing") {
        hurt_rows(s, [&](auto& db) { erase_row(db, store::family::link_counts, store::digest_key(s.large)); });
    }
    CHECK(found_and_repaired(s) == std::vector{fault::wrong_link_count});
    CHECK(store::count_links(inside(s), s.large).value() == 1);
}

TEST_CASE("fsck corrects sums that drifted, and says each of them") {
    closed_store s;
    s.open();
    auto const before = s.store->used();
    add_to_sums(s, {.objects = 1, .content_bytes = -5, .file_bytes = 1'000'000, .logical_bytes = 7});
    s.store.reset();
    auto const found = found_and_repaired(s);
    CHECK(found == std::vector(4, fault::wrong_totals));
    CHECK(s.store->used().objects == before.objects);
    CHECK(s.store->used().content_bytes == before.content_bytes);
    CHECK(s.store->used().logical_bytes == before.logical_bytes);
}

TEST_CASE("fsck makes a store open again whose sums or epoch cannot be read") {
    closed_store s;
    std::string key;
    SECTION("sums") {
        key = "totals";
    }
    SECTION("epoch") {
        key = "epoch";
    }
    hurt_rows(s, [&](auto& db) { put_row(db, store::family::meta, key, "?"); });
    REQUIRE_THROWS(s.open());
    CHECK(found_and_repaired(s).size() == 1);
    CHECK(s.store->used().content_bytes == 6'000'005);
    CHECK(s.store->used().logical_bytes == 6'000'005);
}

TEST_CASE("leftovers of a crash are named and are no problem; a repair removes them") {
    closed_store s;
    write_file(s.temp() / "17", "half");
    auto const r = check(s);
    CHECK(kinds(r) == std::vector{fault::leftover});
    CHECK(r.problems() == 0);
    CHECK(r.leftovers() == 1);
    CHECK(r.in_order());
    CHECK(files_below(s.temp()) == 1);
    check(s, true);
    CHECK(check(s).findings.empty());
}

TEST_CASE("fsck refuses a store that is in use, and touches nothing of it") {
    closed_store s;
    s.open();
    auto writing = s.store->begin(oci::algorithm::sha256, std::nullopt);
    REQUIRE(writing);
    auto const r = try_check(s, true);
    REQUIRE(!r);
    CHECK(r.error().code == store::errc::locked);
    CHECK(files_below(s.temp()) == 1);
}

TEST_CASE("fsck makes no store where there is none") {
    temp_dir dir;
    auto const r = store::fsck({.path = dir.path() / "store"});
    REQUIRE(!r);
    CHECK(r.error().message == "there is no store at " + (dir.path() / "store").string());
    CHECK_FALSE(std::filesystem::exists(dir.path() / "store"));
}

TEST_CASE("fsck refuses a store of a newer schema") {
    closed_store s;
    hurt_rows(s, [](auto& db) { put_row(db, store::family::meta, "schema", store::encode_count(99)); });
    auto const r = try_check(s, true);
    REQUIRE(!r);
    CHECK(r.error().code == store::errc::newer_schema);
}

TEST_CASE("fsck's progress grows to the whole of the content") {
    closed_store s;
    std::uint64_t last = 0, total = 0;
    bool grows = true;
    (void)store::fsck({.path = s.dir.path() / "store",
                       .progress =
                           [&](std::uint64_t done, std::uint64_t of) {
                               grows = grows && done >= last;
                               last = done;
                               total = of;
                           }})
        .value();
    CHECK(grows);
    CHECK(last == 6'000'005);
    CHECK(total == 6'000'005);
}

TEST_CASE("a repair that ends half way is finished by the next") {
    closed_store s;
    flip_byte(s.blob_path(s.large), 5);
    std::filesystem::remove(s.blob_path(s.other));
    add_orphan(s);
    s.files->fail("remove", EIO);
    CHECK(!try_check(s, true));
    s.files->on_call = {};
    CHECK(check(s, true).in_order());
    CHECK(check(s).findings.empty());
    s.open();
    CHECK(s.store->used().objects == 1);
    CHECK(s.store->used().content_bytes == 5);
}
