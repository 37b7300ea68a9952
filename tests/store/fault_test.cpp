// Faults while the store is open: a call that fails at the wrong moment, a disk that takes no writes, hands in the
// folder, no descriptors left, a clock that jumps. A clear error or absence each time, never a wrong byte.
#include "store/core.h"
#include "store/integrity/fsck.h"
#include "store/integrity/reconcile.h"
#include "store/integrity/scrubber.h"
#include "tests/catch.h"
#include "tests/store/integrity/damage.h"
#include "tests/store/other_process.h"

#include <fcntl.h>
#include <map>
#include <sys/resource.h>

using namespace store_tests;
using store::errc;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;

struct limited_store : test_store {
    explicit limited_store(std::uint64_t keep_storage = 16 * mib) : test_store(start::closed, fast_folder()) {
        limits.keep_storage = keep_storage;
        open();
    }
    std::uint64_t du() const { return disk_usage(dir.path() / "store"); }
};

store::result<store::object> try_put(test_store& s, std::string const& bytes,
                                     store::object_origin origin = store::object_origin::push) {
    return s.store->put(oci::digest::of(bytes), bytes, {.origin = origin, .media_type = {}});
}

// Every row has its bytes and every file its row, and the sums are those of what is there.
void check_in_order(test_store& s) {
    auto const rows = s.store->internals()->db->scan(store::family::objects);
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        auto const d = store::decode_digest_key(rows->key().ToStringView()).value();
        auto const bytes = s.get(d);
        CHECK((bytes && oci::digest::of(*bytes) == d));
    }
    store::reconciler r(*s.store);
    while (!r.step(1000).value()) {
    }
    CHECK(r.found().orphans_removed == 0);
    CHECK(r.found().rows_dropped == 0);
    CHECK((r.found().drift == store::totals{}));
    CHECK(s.store->used().reserved_bytes == 0);
}

} // namespace

// Pulled and pushed: only what is pushed is synced, only what is pulled may be evicted, and each store has so much of
// it that every put evicts.
TEST_CASE("any one call that fails on the way in or out does no harm, and the limit holds", "[faults]") {
    std::map<std::string, int> failed;
    for (std::string const name : {"open", "open_in_memory", "write", "allocate", "link", "rename", "make_folder",
                                   "stat", "stat_path", "sync_data", "sync_folder", "remove", "read"})
        for (auto const origin : {store::object_origin::pull, store::object_origin::push}) {
            limited_store s;
            unsigned seed = 0;
            for (int i = 0; i < 40; ++i)
                s.put(content(300'000, ++seed));
            for (auto const number : {ENOSPC, EIO})
                for (int nth = 1; nth <= 3; ++nth)
                    for (std::size_t const size : {300'000, 700}) {
                        INFO(name << " " << nth << ", errno " << number << ", " << size << " bytes");
                        auto const bytes = content(size, ++seed);
                        int calls = 0;
                        s.files->on_call = [&](std::string_view call) {
                            return call == name && ++calls == nth ? ++failed[name], number : 0;
                        };
                        auto const r = try_put(s, bytes, origin);
                        s.files->on_call = {};
                        if (!r)
                            CHECK(r.error().code == (number == ENOSPC ? errc::no_space : errc::io));
                        if (!r)
                            CHECK_FALSE(r.error().message.empty());
                        CHECK((s.get(oci::digest::of(bytes)) == (r ? std::optional(bytes) : std::nullopt)));
                        CHECK(s.du() <= s.limits.keep_storage);
                    }
            s.store->maintain();
            check_in_order(s);
            CHECK(s.store->used().objects > 10);
            CHECK(files_below(s.temp()) == 0);
        }
    for (auto const* name : {"write", "allocate", "sync_data", "sync_folder", "remove"}) {
        INFO(name);
        CHECK(failed[name] > 0);
    }
}

TEST_CASE("files that cannot be unlinked count, and hold back what is new, until maintenance gets rid of them",
          "[faults]") {
    limited_store s;
    unsigned seed = 0;
    for (int i = 0; i < 20; ++i)
        s.put(content(mib, ++seed));
    s.files->on_call = [](std::string_view call) { return call == "remove" ? EIO : 0; };
    std::size_t refused = 0;
    for (int i = 0; i < 20; ++i) {
        auto const r = s.store->begin(oci::algorithm::sha256, mib);
        refused += !r && r.error().code == errc::no_space;
        CHECK(s.du() <= s.limits.keep_storage);
    }
    CHECK(refused > 0);
    auto const used = static_cast<std::int64_t>(s.store->used().disk_bytes);
    CHECK(used >= static_cast<std::int64_t>(s.du()) - 64 * 1024); // all of it is counted
    s.store->maintain();                                          // in vain
    CHECK(s.du() <= s.limits.keep_storage);

    s.files->on_call = {};
    s.store->maintain();
    CHECK(s.store->internals()->sums.trash_bytes() == 0);
    for (int i = 0; i < 20; ++i)
        s.put(content(mib, ++seed));
    CHECK(s.du() <= s.limits.keep_storage);
    check_in_order(s);
}

TEST_CASE("a file on its way in that cannot be unlinked counts until maintenance gets rid of it", "[faults]") {
    limited_store s;
    auto const fits = [&] { return s.store->begin(oci::algorithm::sha256, 10 * mib).has_value(); };
    s.files->fail("remove", EIO);
    CHECK(fits()); // and is given up
    CHECK(s.store->used().disk_bytes >= 10 * mib);
    CHECK_FALSE(fits());
    auto const d = s.put(content(mib)); // its marker stays too
    REQUIRE(s.store->remove(d));
    CHECK(s.du() <= s.limits.keep_storage);
    CHECK(files_below(s.temp()) == 2);
    s.store->maintain();
    CHECK(files_below(s.temp()) == 2);
    s.files->on_call = {};
    s.store->maintain();
    CHECK(files_below(s.temp()) == 0);
    CHECK(s.store->used().disk_bytes < mib);
    CHECK(fits());
    check_in_order(s);
}

namespace {

// Mounted read-only under a running store: what an ext4 does after an error.
class read_only_file_system : public faulty_file_system {
public:
    std::atomic<bool> read_only = false;

    int open(int folder, char const* path, int flags, mode_t mode) noexcept override {
        if (read_only && (flags & (O_CREAT | O_WRONLY | O_RDWR)))
            return errno = EROFS, -1;
        return faulty_file_system::open(folder, path, flags, mode);
    }
    void lock() {
        read_only = true;
        on_call = [](std::string_view call) {
            for (auto const* changing : {"write", "allocate", "rename", "link", "remove", "remove_folder",
                                         "make_folder", "sync_data", "sync_folder", "sync_file_system"})
                if (call == changing)
                    return EROFS;
            return 0;
        };
    }
};

} // namespace

TEST_CASE("a store whose folder became read-only is read from, and says why it takes nothing", "[faults]") {
    test_store s(test_store::start::closed, fast_folder());
    auto const disk = std::make_shared<read_only_file_system>();
    s.files = disk;
    s.open();
    auto const large = s.put(content(100'000, 1)), small = s.put(content(500, 2));
    disk->lock();
    auto const r = try_put(s, content(100'000, 3));
    REQUIRE(!r);
    CHECK(r.error().code == errc::io);
    CHECK(r.error().message.find("Read-only file system") != std::string::npos);
    CHECK((s.get(large) == content(100'000, 1)));
    CHECK((s.get(small) == content(500, 2)));
    CHECK_FALSE(s.store->flush());
    REQUIRE(s.store->remove(large)); // the index takes it, the file waits
    CHECK(s.get(large) == std::nullopt);
    s.store->maintain();

    disk->read_only = false;
    disk->on_call = {};
    s.store->maintain();
    CHECK(files_below(s.blobs()) == 0);
    REQUIRE(try_put(s, content(100'000, 3)));
    check_in_order(s);
}

TEST_CASE("files that are changed behind an open store's back never come with another size", "[faults]") {
    quick_store s;
    std::map<std::string, oci::digest> hurt;
    unsigned seed = 0;
    for (auto const* how : {"cut", "grown", "gone", "folder", "flipped", "swapped", "swapped too", "well"})
        hurt.emplace(how, s.put(content(50'000, ++seed)));
    auto const path = [&](char const* how) { return s.blob_path(hurt.at(how)); };
    std::filesystem::resize_file(path("cut"), 49'999);
    std::filesystem::resize_file(path("grown"), 50'001);
    std::filesystem::remove(path("gone"));
    std::filesystem::remove(path("folder"));
    std::filesystem::create_directory(path("folder"));
    flip_byte(path("flipped"), 12'345);
    swap_files(path("swapped"), path("swapped too"));

    for (auto const& [how, d] : hurt) {
        INFO(how);
        auto const found = s.store->open_blob(d);
        REQUIRE(found);
        bool const same_size = how == "flipped" || how.starts_with("swapped") || how == "well";
        CHECK(found->has_value() == same_size); // that is all that opening looks at
        if (*found)
            CHECK((*found)->file->size() == 50'000);
        CHECK((!*found || read_all(*(*found)->file).size() == 50'000));
    }
    CHECK(s.store->used().objects == 4);
    store::scrubber scrub(*s.store);
    while (!scrub.step(mib).value().pass_completed) {
    }
    CHECK(scrub.counters().rotten == 3);
    CHECK((s.get(hurt.at("well")) == content(50'000, 8)));
    CHECK(s.store->used().objects == 1);
    for (unsigned n = 1; n <= seed; ++n)
        if (hurt.at("folder") != oci::digest::of(content(50'000, n)))
            CHECK((s.get(s.put(content(50'000, n))) == content(50'000, n)));
}

TEST_CASE("a folder of just the right size in place of a file is no content", "[faults]") {
    quick_store s;
    auto const folder = s.dir.path() / "folder";
    for (int i = 0; i < 100; ++i)
        std::filesystem::create_directories(folder / std::to_string(i));
    struct stat st {};
    REQUIRE(::stat(folder.c_str(), &st) == 0);
    REQUIRE(st.st_size > 1024);
    auto const d = s.put(content(static_cast<std::size_t>(st.st_size)));
    std::filesystem::remove(s.blob_path(d));
    std::filesystem::rename(folder, s.blob_path(d));
    auto const found = s.store->open_blob(d);
    REQUIRE(found);
    CHECK_FALSE(*found);
}

TEST_CASE("a folder in place of a file that was dropped keeps no store from opening", "[faults]") {
    quick_store s;
    auto const other = s.put(content(50'000, 2));
    auto const d = s.put(content(50'000));
    std::filesystem::remove(s.blob_path(d));
    std::filesystem::create_directory(s.blob_path(d));
    CHECK(s.get(d) == std::nullopt);
    s.store.reset();
    REQUIRE_NOTHROW(s.open());
    CHECK((s.get(other) == content(50'000, 2)));
    CHECK(s.get(d) == std::nullopt);
    std::filesystem::remove(s.blob_path(d)); // who made it takes it away
    s.put(content(50'000));
    CHECK((s.get(d) == content(50'000)));
    s.reopen();
    CHECK((s.get(d) == content(50'000)));
}

TEST_CASE("a file that cannot be unlinked when the store opens waits on, and counts", "[faults]") {
    quick_store s;
    auto const d = s.put(content(50'000));
    s.files->fail("remove", EIO);
    REQUIRE(s.store->remove(d));
    s.store.reset();
    REQUIRE_NOTHROW(s.open());
    CHECK(s.get(d) == std::nullopt);
    CHECK(s.store->internals()->sums.trash_bytes() >= 50'000);
    s.files->on_call = {};
    s.store->maintain();
    CHECK(files_below(s.blobs()) == 0);
    CHECK(s.store->internals()->sums.trash_bytes() == 0);
    check_in_order(s);
}

namespace {

rlim_t limit_files(rlim_t to) {
    rlimit l{};
    ::getrlimit(RLIMIT_NOFILE, &l);
    auto const before = l.rlim_cur;
    l.rlim_cur = to;
    ::setrlimit(RLIMIT_NOFILE, &l);
    return before;
}

bool has_no_descriptor(store::error const& e) {
    return e.code == errc::no_descriptors && e.message.find("Too many open files") != std::string::npos;
}

} // namespace

TEST_CASE("child: runs out of descriptors", "[.]") {
    if (child_argument("PIPE").empty())
        return;
    quick_store s;
    std::vector<oci::digest> all;
    for (unsigned i = 0; i < 20; ++i)
        all.push_back(s.put(content(5000, i)));
    auto const before = limit_files(200);
    std::vector<store::content_store::opened> open;
    store::error refused;
    for (std::size_t i = 0; i < 200; ++i) {
        auto found = s.store->open_blob(all[i % all.size()]);
        if (!found) {
            refused = found.error();
            break;
        }
        REQUIRE(*found); // never absent
        open.push_back(**std::move(found));
    }
    CHECK(has_no_descriptor(refused));
    CHECK(open.size() > 20);
    CHECK((read_all(*open.back().file).size() == 5000));
    CHECK(s.store->open_blob(all[0], store::access::memory).error().code == errc::would_block);
    for (std::size_t const size : {500, 5000}) {
        auto const filled = s.store->begin(oci::algorithm::sha256, size);
        REQUIRE(!filled);
        CHECK(has_no_descriptor(filled.error()));
    }
    s.store->maintain();
    (void)s.store->used();
    for (unsigned i = 0; i < 20; ++i)
        CHECK((s.get(s.put(content(500, 1000 + i))) == content(500, 1000 + i)));
    CHECK(s.store->flush()); // the index still has some to make tables and logs
    CHECK(files_below(s.temp()) == 0);

    open.clear();
    for (std::size_t i = 0; i < all.size(); ++i)
        CHECK((s.get(all[i]) == content(5000, static_cast<unsigned>(i))));
    limit_files(before);
    CHECK((s.get(s.put(content(5000, 100))) == content(5000, 100)));
    CHECK((s.get(s.put(content(500, 101))) == content(500, 101)));
    CHECK(s.store->flush());
    CHECK(s.store->used().objects == 42);
    check_in_order(s);
}

TEST_CASE("without descriptors left nothing is opened, nothing is dropped, and it works again after", "[faults]") {
    auto const status = run_child("child: runs out of descriptors", {});
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

TEST_CASE("a clock that jumps back evicts nothing early and loses no use", "[faults]") {
    limited_store s(64 * mib);
    store::gc_rule r{.name = "policy 1"};
    r.keep_duration = std::chrono::hours(1);
    s.store->set_rules({r});
    std::vector<oci::digest> all;
    for (unsigned i = 0; i < 10; ++i)
        all.push_back(s.put(content(50'000, i)));
    for (auto const jump : {-3000, -1'000'000, -1'699'000'000, -5'000'000}) { // the last one before 1970
        s.now += jump;
        s.store->maintain();
        (void)s.get(all[0]);
        s.put(content(50'000, 0));
        s.put(content(50'000, 1));
        s.store->maintain();
        CHECK(s.store->collect({}).total().objects == 0);
        CHECK(s.store->used().objects == 10);
    }
    REQUIRE(s.store->flush());
    s.reopen();
    s.store->set_rules({r});
    s.store->maintain();
    CHECK(s.store->collect({}).total().objects == 0);

    s.now = 1'700'000'000 + 1000; // and forward again
    s.store->maintain();
    s.now += 10'000;
    CHECK(s.store->collect({}).total().objects == 10);
    CHECK(s.store->used().objects == 0);
}
