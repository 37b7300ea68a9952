// The machine ends without warning: of what was written and not synced, any page may be lost, and of the index's log
// any end. What is left is right or absent.
#include "store/core.h"
#include "store/integrity/fsck.h"
#include "store/integrity/reconcile.h"
#include "tests/catch.h"
#include "tests/store/fixture.h"

#include <fcntl.h>
#include <map>
#include <mutex>

using namespace store_tests;

namespace {

// Remembers the pages that nobody has synced, under whatever name their file is by now.
class forgetful_file_system : public faulty_file_system {
public:
    ssize_t write(int fd, void const* data, std::size_t size, off_t offset) noexcept override {
        auto const n = faulty_file_system::write(fd, data, size, offset);
        std::lock_guard const lock(mutex_);
        auto& file = file_of(fd);
        for (off_t page = offset / page_bytes; n > 0 && page <= (offset + n - 1) / page_bytes; ++page)
            file.pages.insert(page);
        return n;
    }
    int sync_data(int fd) noexcept override {
        std::lock_guard const lock(mutex_);
        file_of(fd).pages.clear();
        return faulty_file_system::sync_data(fd);
    }
    int sync_file_system(int fd) noexcept override {
        std::lock_guard const lock(mutex_);
        files_.clear();
        return faulty_file_system::sync_file_system(fd);
    }

    // With the store closed. Loses pages here and there; the length stays, or ends where the last page was that came.
    std::size_t lose(std::mt19937& random) {
        std::size_t lost = 0;
        std::string const zeros(page_bytes, '\0');
        for (auto const& [inode, file] : files_) {
            struct stat s {};
            if (file.pages.empty() || ::fstat(file.fd.get(), &s) == -1)
                continue;
            for (auto const page : file.pages) {
                if (random() % 8 != 0)
                    continue;
                auto const at = page * page_bytes;
                auto const n = std::min<off_t>(page_bytes, s.st_size - at);
                lost += n > 0 && ::pwrite(file.fd.get(), zeros.data(), static_cast<std::size_t>(n), at) == n;
            }
            if (random() % 4 == 0 && s.st_size > 0)
                lost +=
                    ::ftruncate(file.fd.get(), static_cast<off_t>(random() % static_cast<unsigned>(s.st_size))) == 0;
        }
        files_.clear();
        return lost;
    }

private:
    static constexpr off_t page_bytes = 4096;
    struct unsynced {
        store::file_descriptor fd;
        std::set<off_t> pages;
    };

    unsynced& file_of(int fd) {
        struct stat s {};
        ::fstat(fd, &s);
        auto& file = files_[s.st_ino];
        if (!file.fd)
            file.fd = store::file_descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
        return file;
    }

    std::mutex mutex_;
    std::map<ino_t, unsynced> files_; // kept open, so that no inode comes twice
};

// The newest of the index's logs.
std::filesystem::path newest_log(std::filesystem::path const& store) {
    std::filesystem::path newest;
    for (auto const& e : std::filesystem::directory_iterator(store / "index"))
        if (e.path().extension() == ".log" && (newest.empty() || e.path() > newest))
            newest = e.path();
    return newest;
}

void reconcile(test_store& s) {
    store::reconciler r(*s.store);
    while (!r.step(1000).value()) {
    }
    CHECK(r.found().failures == 0);
}

void check_in_order(test_store& s) {
    auto const report = store::fsck({.path = s.options().path, .progress = {}, .warn = {}, .files = s.files});
    REQUIRE(report);
    for (auto const& f : report->findings)
        UNSCOPED_INFO(store::to_string(f.kind) << " " << f.subject << " " << f.message);
    CHECK(report->problems() == 0);
}

// By the number that its media type is.
std::map<unsigned, oci::digest> stored_content(test_store& s) {
    std::map<unsigned, oci::digest> all;
    auto const rows = s.store->internals()->db->scan(store::family::objects);
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        auto const row = store::decode_object(rows->value().ToStringView()).value();
        all.emplace(std::stoul(row.info.media_type), store::decode_digest_key(rows->key().ToStringView()).value());
    }
    return all;
}

} // namespace

TEST_CASE("of a power cut that loses pages anywhere nothing wrong is ever served, and nothing pushed is lost",
          "[faults]") {
    std::size_t lost = 0, kept = 0;
    for (unsigned seed = 1; seed <= 12; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random(seed);
        test_store s(test_store::start::closed, fast_folder());
        auto const disk = std::make_shared<forgetful_file_system>();
        s.files = disk;
        s.open();
        std::map<unsigned, bool> pushed;
        for (unsigned i = 0; i < 30; ++i) {
            pushed[i] = random() % 3 == 0;
            s.put(content(1100 + random() % 200'000, i),
                  {.kind = store::object_kind::layer,
                   .origin = pushed[i] ? store::object_origin::push : store::object_origin::pull,
                   .media_type = std::to_string(i)});
            if (random() % 20 == 0)
                REQUIRE(s.store->flush()); // all before it is safe
        }
        auto const all = stored_content(s);
        REQUIRE(all.size() == 30);
        s.store.reset();
        lost += disk->lose(random);
        disk->boot = "second boot";
        s.open();
        for (auto const& [i, d] : all) {
            auto const bytes = s.get(d);
            CHECK((!bytes || oci::digest::of(*bytes) == d));
            CHECK((bytes || !pushed[i]));
            kept += bytes.has_value();
        }
        reconcile(s);
        s.store.reset();
        check_in_order(s);
    }
    CHECK(lost > 20);
    CHECK(kept > 100);
}

TEST_CASE("an index whose log was cut short opens, and has no row without its bytes", "[faults]") {
    test_store s(test_store::start::open, fast_folder());
    std::vector<oci::digest> all;
    for (unsigned i = 0; i < 12; ++i) {
        all.push_back(s.put(content(i % 3 == 0 ? 500 : 5000, i)));
        if (i % 2)
            REQUIRE(s.store->index().put_link("docker.io/a", all.back(), {.size = 5000}));
        if (i == 8)
            REQUIRE(s.store->remove(all[4]));
    }
    auto const whole = s.dir.path() / "whole";
    std::filesystem::copy(s.dir.path() / "store", whole, std::filesystem::copy_options::recursive); // as if killed
    s.store.reset();
    auto const length = std::filesystem::file_size(newest_log(whole));
    REQUIRE(length > 4000);

    std::mt19937 random(3);
    std::size_t orphans = 0;
    std::vector<std::uintmax_t> lengths{0, 1, 7, length - 1, length - 7, length};
    for (int i = 0; i < 14; ++i)
        lengths.push_back(random() % length);
    for (auto const cut : lengths) {
        INFO("cut to " << cut << " of " << length);
        std::filesystem::remove_all(s.dir.path() / "store");
        std::filesystem::copy(whole, s.dir.path() / "store", std::filesystem::copy_options::recursive);
        std::filesystem::resize_file(newest_log(s.dir.path() / "store"), cut);
        s.files->boot = "boot " + std::to_string(cut);
        s.open();
        std::size_t here = 0;
        for (auto const& d : all) {
            auto const bytes = s.get(d);
            CHECK((!bytes || oci::digest::of(*bytes) == d));
            here += bytes.has_value();
            CHECK(bytes.has_value() == s.store->find(d).value().has_value());
        }
        CHECK((cut != length || here == all.size() - 1));
        CHECK(s.store->used().objects == here);
        auto const files = files_below(s.blobs());
        reconcile(s);
        orphans += files - files_below(s.blobs());
        for (unsigned i = 0; i < 12; ++i) // and all of it can come again
            CHECK((s.get(s.put(content(i % 3 == 0 ? 500 : 5000, i))) == content(i % 3 == 0 ? 500 : 5000, i)));
        s.store.reset();
        check_in_order(s);
    }
    CHECK(orphans > 10);
}
