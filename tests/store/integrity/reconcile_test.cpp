#include "store/integrity/reconcile.h"
#include "store/object_table.h"
#include "tests/catch.h"
#include "tests/store/integrity/damage.h"

#include <sys/stat.h>
#include <thread>
#include <vector>

using namespace store_tests;

namespace {

// To the end, a few entries a step.
store::reconcile_result reconcile(test_store& s, std::size_t entries = 3) {
    store::reconciler r(*s.store);
    for (int steps = 0; !r.step(entries).value(); ++steps)
        REQUIRE(steps < 1'000'000);
    return r.found();
}

std::string const repository = "docker.io/a";

void link(test_store& s, oci::digest const& d, std::string const& repo = repository) {
    (void)s.store->index().put_link(repo, d, {}).value();
}

} // namespace

TEST_CASE("a store in order is left as it is, without a word") {
    quick_store s;
    auto const large = s.put(content(5000));
    auto const small = s.put(content(500));
    link(s, large);
    link(s, small);
    auto const before = s.store->used();
    auto const r = reconcile(s);
    CHECK(r.files == 1);
    CHECK(r.rows == 2);
    CHECK(r.orphans_removed + r.rows_dropped + r.foreign + r.failures == 0);
    CHECK(r.link_counts_corrected == 0);
    CHECK(r.drift == store::totals{});
    CHECK(s.warnings == 0);
    CHECK(s.store->used().content_bytes == before.content_bytes);
    CHECK(s.store->used().logical_bytes == 5500);
    CHECK((s.get(large) == content(5000)));
}

TEST_CASE("a file without a row is removed") {
    quick_store s;
    auto const kept = s.put(content(5000));
    auto const orphan = add_orphan(s);
    auto const r = reconcile(s);
    CHECK(r.orphans_removed == 1);
    CHECK(r.orphan_bytes == 8);
    CHECK_FALSE(std::filesystem::exists(s.blob_path(orphan)));
    CHECK((s.get(kept) == content(5000)));
}

TEST_CASE("a file whose content is a row is not needed") {
    quick_store s;
    auto const d = s.put("small");
    write_file(s.blob_path(d), "small");
    CHECK(reconcile(s).orphans_removed == 1);
    CHECK(s.get(d) == "small");
}

TEST_CASE("orphans of the other algorithm are found too") {
    quick_store s;
    auto const d = oci::digest::of("x", oci::algorithm::sha512);
    write_file(inside(s).folder->path_of(d), "x");
    CHECK(reconcile(s).orphans_removed == 1);
    CHECK(files_below(s.blobs()) == 0);
}

TEST_CASE("rows whose file is missing, short or long are dropped, and the sums follow") {
    quick_store s;
    auto const missing = s.put(content(5000, 1));
    auto const cut = s.put(content(5000, 2));
    auto const grown = s.put(content(5000, 3));
    auto const kept = s.put(content(5000, 4));
    std::filesystem::remove(s.blob_path(missing));
    std::filesystem::resize_file(s.blob_path(cut), 4999);
    std::filesystem::resize_file(s.blob_path(grown), 5001);
    auto const r = reconcile(s);
    CHECK(r.rows_dropped == 3);
    CHECK(s.warnings == 3);
    CHECK(s.store->used().objects == 1);
    CHECK(s.store->used().content_bytes == 5000);
    CHECK(files_below(s.blobs()) == 1);
    CHECK((s.get(kept) == content(5000, 4)));
}

TEST_CASE("what is not ours is warned of once and left") {
    quick_store s;
    auto const d = oci::digest::of("x");
    auto const hex = d.hex();
    auto const sha256 = s.blobs() / "sha256";
    write_file(s.blobs() / "README", "notes");
    write_file(s.blobs() / "md5/00/00", "another algorithm");
    write_file(sha256 / "ab/notes", "a file among folders");
    write_file(sha256 / "xy/zz/file", "no hex");
    write_file(sha256 / "00/00/notes", "no digest");
    write_file(sha256 / "00/01" / hex, "the wrong folder");
    write_file(s.blob_path(d) / "inside", "a folder in place of a file");
    std::filesystem::create_directories(sha256 / "00/empty");
    std::filesystem::create_directories(sha256 / "00/02");
    std::filesystem::create_symlink("/etc/passwd", sha256 / "00/02" / ("0002" + hex.substr(4)));
    auto const before = files_below(s.blobs());
    auto const r = reconcile(s);
    CHECK(r.foreign == 9);
    CHECK(s.warnings == 9);
    CHECK(std::filesystem::exists(sha256 / "00/empty"));
    CHECK(r.orphans_removed == 0);
    CHECK(files_below(s.blobs()) == before);
    CHECK(std::filesystem::is_symlink(sha256 / "00/02" / ("0002" + hex.substr(4))));
}

TEST_CASE("a folder in place of an object's file costs the row, not the folder") {
    quick_store s;
    auto const d = s.put(content(5000));
    std::filesystem::remove(s.blob_path(d));
    write_file(s.blob_path(d) / "inside", "x");
    auto const r = reconcile(s);
    CHECK(r.rows_dropped == 1);
    CHECK(r.foreign == 1);
    CHECK(s.store->used().objects == 0);
    CHECK(std::filesystem::exists(s.blob_path(d) / "inside"));
}

TEST_CASE("sums that drifted are corrected, and it is said by how much") {
    quick_store s;
    s.put(content(5000));
    link(s, s.put("small"));
    auto const before = s.store->used();
    store::totals const drift{
        .objects = 3, .content_bytes = -100, .file_bytes = 1'000'000, .logical_bytes = 7, .files = 1};
    add_to_sums(s, drift);
    auto const r = reconcile(s);
    CHECK(r.drift == store::totals{-3, 100, -1'000'000, -7, -1});
    CHECK(s.warnings == 1);
    for (bool const restarted : {false, true}) {
        if (restarted)
            s.reopen();
        CHECK(s.store->used().objects == before.objects);
        CHECK(s.store->used().content_bytes == before.content_bytes);
        CHECK(s.store->used().logical_bytes == before.logical_bytes);
        CHECK(inside(s).sums.file_bytes() == s.store->find(oci::digest::of(content(5000))).value()->disk_bytes);
    }
    CHECK(reconcile(s).drift == store::totals{});
}

TEST_CASE("link counts are corrected: too high, too low, missing, unreadable, of nothing") {
    quick_store s;
    auto const d = s.put(content(100, 1));
    auto const absent = oci::digest::of("absent");
    auto const unlinked = s.put(content(100, 2));
    for (auto const* repo : {"r/a", "r/b"}) {
        link(s, d, repo);
        link(s, absent, repo);
    }
    auto& db = rows_of(s);
    auto const put = [&](oci::digest const& of, std::string const& value) {
        put_row(db, store::family::link_counts, store::digest_key(of), value);
    };
    SECTION("too high") {
        put(d, store::encode_count(5));
    }
    SECTION("too low") {
        put(d, store::encode_count(1));
    }
    SECTION("missing") {
        erase_row(db, store::family::link_counts, store::digest_key(d));
    }
    SECTION("missing, of content that is absent") {
        erase_row(db, store::family::link_counts, store::digest_key(absent));
    }
    SECTION("unreadable") {
        put(d, "?");
    }
    SECTION("of what is not linked") {
        put(unlinked, store::encode_count(1));
    }
    SECTION("of what is not there at all") {
        put(oci::digest::of("nothing"), store::encode_count(1));
    }
    auto const r = reconcile(s, 1);
    CHECK(r.link_counts_corrected == 1);
    CHECK(store::count_links(inside(s), d).value() == 2);
    CHECK(store::count_links(inside(s), absent).value() == 2);
    CHECK(store::count_links(inside(s), unlinked).value() == 0);
    CHECK(s.store->used().logical_bytes == 200);
    REQUIRE(s.store->remove(d));
    CHECK(s.store->used().logical_bytes == 0);
    CHECK(reconcile(s).link_counts_corrected == 0);
}

TEST_CASE("a wrong link count is corrected rightly although its object comes or goes at any moment", "[long]") {
    for (int moment = 0; moment < 2 * 20; ++moment) {
        bool const comes = moment % 2;
        INFO("step " << moment / 2 << (comes ? ", comes" : ", goes"));
        quick_store s;
        auto const d = oci::digest::of(content(100));
        link(s, d);
        if (!comes)
            s.put(content(100));
        put_row(rows_of(s), store::family::link_counts, store::digest_key(d), store::encode_count(4));
        store::reconciler r(*s.store);
        for (int step = 0; !r.step(1).value() || step <= moment / 2; ++step) {
            if (step == moment / 2)
                comes ? (void)s.put(content(100)) : s.store->remove(d).value();
        }
        CHECK(r.found().link_counts_corrected == 1);
        CHECK(s.store->used().logical_bytes == (comes ? 100 : 0));
    }
}

TEST_CASE("a row that cannot be read is warned of, and its file is kept") {
    quick_store s;
    auto const d = s.put(content(5000));
    put_row(rows_of(s), store::family::objects, store::digest_key(d), "?");
    auto const r = reconcile(s);
    CHECK(r.failures == 2); // seen from the file and from the row
    CHECK(s.warnings >= 2);
    CHECK(std::filesystem::exists(s.blob_path(d)));
}

TEST_CASE("a folder that cannot be read is warned of, and the rows are looked at all the same") {
    quick_store s;
    s.put(content(5000));
    auto const orphan = add_orphan(s);
    store::reconciler r(*s.store);
    s.files->fail("open", EIO);
    while (!r.step(100).value()) {
    }
    CHECK(r.found().failures == 2); // the folders of two algorithms
    CHECK(r.found().rows == 1);
    s.files->on_call = {};
    CHECK(reconcile(s).orphans_removed == 1);
    CHECK_FALSE(std::filesystem::exists(s.blob_path(orphan)));
}

TEST_CASE("an orphan that cannot be removed is counted as a failure") {
    quick_store s;
    auto const orphan = add_orphan(s);
    s.files->fail("remove", EACCES);
    auto const r = reconcile(s);
    CHECK(r.failures == 1);
    CHECK(r.orphans_removed == 0);
    CHECK(std::filesystem::exists(s.blob_path(orphan)));
}

TEST_CASE("an interrupted reconciliation does no harm, and another one finishes the work", "[long]") {
    for (int steps = 0; steps < 40; ++steps) {
        quick_store s;
        auto const kept = s.put(content(5000, 1));
        auto const lost = s.put(content(5000, 2));
        link(s, kept);
        std::filesystem::remove(s.blob_path(lost));
        add_orphan(s);
        add_to_sums(s, {.objects = 5, .logical_bytes = 100});
        put_row(rows_of(s), store::family::link_counts, store::digest_key(kept), store::encode_count(4));
        {
            store::reconciler r(*s.store);
            for (int i = 0; i < steps; ++i)
                (void)r.step(1).value();
        }
        s.reopen();
        reconcile(s);
        CHECK(s.store->used().objects == 1);
        CHECK(s.store->used().logical_bytes == 5000);
        CHECK(files_below(s.blobs()) == 1);
        CHECK(s.get(lost) == std::nullopt);
    }
}

TEST_CASE("a stop request ends a step before it does anything") {
    quick_store s;
    add_orphan(s);
    std::stop_source stop;
    stop.request_stop();
    store::reconciler r(*s.store);
    CHECK_FALSE(r.step(1000, stop.get_token()).value());
    CHECK(r.found().files == 0);
    CHECK(files_below(s.blobs()) == 1);
}

TEST_CASE("reconciling beside writers loses nothing and leaves exact sums") {
    quick_store s;
    add_to_sums(s, {.objects = 5, .content_bytes = 77, .logical_bytes = 100});
    std::atomic<int> wrong = 0;
    std::atomic<bool> over = false;
    std::vector<std::string> contents;
    for (unsigned i = 0; i < 24; ++i)
        contents.push_back(content(i % 3 ? 3000 + i : 100 + i, i));
    {
        std::vector<std::jthread> threads;
        for (unsigned t = 0; t < 3; ++t) {
            threads.emplace_back([&, t] {
                std::mt19937 random(t);
                for (int i = 0; i < 400; ++i) {
                    auto const& bytes = contents[random() % contents.size()];
                    auto const d = oci::digest::of(bytes);
                    auto const kind = random() % 4;
                    bool const ok = kind == 0 ? s.store->remove(d).has_value()
                                    : kind == 1
                                        ? s.store->index().put_link("r/" + std::to_string(t), d, {}).has_value()
                                        : s.store->put(d, bytes, {}).has_value() && s.store->open_blob(d).has_value();
                    wrong += !ok;
                }
                over = true;
            });
        }
        do
            CHECK(reconcile(s, 7).rows_dropped == 0);
        while (!over);
    }
    CHECK(wrong == 0);
    auto const r = reconcile(s);
    CHECK(r.drift == store::totals{});
    CHECK(r.link_counts_corrected == 0);
    CHECK(s.warnings == 1); // the drift at the start
    std::uint64_t objects = 0, files = 0;
    for (auto const& bytes : contents) {
        auto const found = s.store->find(oci::digest::of(bytes)).value();
        objects += found.has_value();
        files += found && found->place == store::object_place::file;
        CHECK((!found || s.get(oci::digest::of(bytes)) == bytes));
    }
    CHECK(s.store->used().objects == objects);
    s.store->maintain(); // a file that was removed while another thread had it open waits for this
    CHECK(files_below(s.blobs()) == files);
}
