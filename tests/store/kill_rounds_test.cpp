// A process that does everything at once with a small store is killed at a random moment, again and again, and the
// same store goes on: what one death leaves behind, the next one finds. After each the store is in order, holds no
// wrong byte, is not above its limit, and counts what is there.
//
//   LAYERD_KILL_ROUNDS  how many deaths; 30 if it is not set
//   LAYERD_KILL_SEED    begins the random numbers; the moments of death are never quite the same
#include "store/core.h"
#include "store/integrity/fsck.h"
#include "store/integrity/reconcile.h"
#include "tests/catch.h"
#include "tests/store/fixture.h"
#include "tests/store/other_process.h"

#include <cstring>
#include <iostream>
#include <thread>

using namespace store_tests;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;
constexpr std::uint64_t limit = 24 * mib;
constexpr unsigned contents = 500; // far more than the limit holds
constexpr unsigned small_contents = 150;
constexpr unsigned fillers = 4;

// The same for the same number: who finds it in the store knows what it must be.
std::string bytes_of(unsigned number) {
    std::mt19937_64 random(number);
    std::size_t const size = number < small_contents ? 20 + random() % 1000
                             : number % 4 == 0       ? 100'000 + random() % 900'000
                                                     : 1025 + random() % 60'000;
    std::string bytes(size, '\0');
    for (std::size_t at = 0; at < size; at += 8) {
        auto const word = random();
        std::memcpy(bytes.data() + at, &word, std::min<std::size_t>(8, size - at));
    }
    return bytes;
}
std::string pinned_bytes(unsigned number) {
    return bytes_of(100'000 + number);
}

std::string repository(std::uint64_t n) {
    return "docker.io/r" + std::to_string(n % 6);
}
std::string const kept = "docker.io/kept";

struct small_store : test_store {
    explicit small_store(std::filesystem::path const& below = fast_folder()) : test_store(start::closed, below) {
        limits.keep_storage = limit;
    }
};

// --- the child ---

[[noreturn]] void fail(std::string const& why) {
    std::cerr << "child: " << why << std::endl;
    ::_exit(3);
}

template <class R>
void expect(R const& r, char const* what) {
    if (!r && r.error().code != store::errc::no_space)
        fail(std::string(what) + ": " + r.error().message);
}

void fill(store::content_store& s, std::mt19937_64& random, unsigned number) {
    auto const bytes = bytes_of(number);
    auto const data = as_bytes(bytes);
    auto w = s.begin(oci::algorithm::sha256, random() % 3 ? std::optional<std::uint64_t>(bytes.size()) : std::nullopt);
    if (!w)
        return expect(w, "begin");
    std::size_t const piece = 1 + random() % 100'000;
    for (std::size_t at = 0; at < data.size(); at += piece)
        if (auto r = w->append(data.subspan(at, std::min(piece, data.size() - at))); !r)
            return expect(r, "append");
    if (random() % 8 == 0)
        return; // given up
    auto const origin = random() % 8 ? store::object_origin::pull : store::object_origin::push;
    auto const kind = number % 2 ? store::object_kind::layer : store::object_kind::cache_blob;
    expect(w->commit(oci::digest::of(bytes), {.kind = kind, .origin = origin, .media_type = {}}), "commit");
}

void read(store::content_store& s, std::mt19937_64& random, unsigned number) {
    auto const bytes = bytes_of(number);
    auto const found = s.open_blob(oci::digest::of(bytes), random() % 2 ? store::access::any : store::access::memory);
    if (!found && found.error().code != store::errc::would_block)
        fail("open: " + found.error().message);
    if (found && *found && read_all(*(*found)->file) != bytes)
        fail("wrong bytes of " + std::to_string(number));
}

void put_manifest(store::content_store& s, std::mt19937_64& random) {
    auto const number = static_cast<unsigned>(random() % small_contents);
    auto const bytes = bytes_of(number);
    auto const d = oci::digest::of(bytes);
    auto const repo = repository(random());
    expect(s.put(d, bytes, {.kind = store::object_kind::manifest, .media_type = "m/m"}), "put");
    oci::manifest m{.media_type = "m/m"};
    for (unsigned i = 0; i < 4; ++i) { // the same for the same manifest
        auto const child = bytes_of((number * 7 + i * 31) % contents);
        m.children.push_back({.media_type = "l/l", .digest = oci::digest::of(child), .size = child.size()});
    }
    expect(s.index().put_manifest(repo, d, m, bytes.size()), "put_manifest");
    expect(s.index().put_tag(repo, *oci::tag::parse("t" + std::to_string(random() % 5)), {.digest = d}), "put_tag");
}

void change_links(store::content_store& s, std::mt19937_64& random, oci::digest const& d) {
    auto const repo = repository(random());
    auto const tag = *oci::tag::parse("t" + std::to_string(random() % 5));
    switch (random() % 6) {
    case 0:
        return expect(s.index().put_link(repo, d, {.size = 1}), "put_link");
    case 1:
        return expect(s.index().remove_link(repo, d), "remove_link");
    case 2:
        return expect(s.index().remove_tag(repo, tag), "remove_tag");
    case 3:
        return expect(s.index().put_pin(repo, tag), "put_pin");
    case 4:
        return expect(s.index().remove_pin(repo, tag), "remove_pin");
    default:
        return expect(s.purge_image(repo, tag), "purge_image");
    }
}

void work(store::content_store& s, std::uint64_t seed) {
    for (std::mt19937_64 random(seed);;) {
        auto const number = static_cast<unsigned>(random() % contents);
        switch (auto const choice = random() % 20) {
        case 0:
            expect(s.remove(oci::digest::of(bytes_of(number))), "remove");
            break;
        case 1:
        case 2:
            put_manifest(s, random);
            break;
        case 3:
        case 4:
            change_links(s, random, oci::digest::of(bytes_of(number)));
            break;
        default:
            choice < 10 ? read(s, random, number) : fill(s, random, number);
        }
    }
}

// What the server's background does.
void look_after(small_store& s, std::uint64_t seed) {
    for (std::mt19937_64 random(seed);;) {
        s.now += 20; // uses are saved each minute
        s.store->maintain();
        if (random() % 4 == 0)
            s.store->collect({.dry_run = random() % 2 == 0, .progress = {}, .stop = {}});
        if (random() % 16 == 0)
            expect(s.store->flush(), "flush");
        if (random() % 16 == 0)
            s.store->set_limits({.keep_storage = random() % 2 ? limit : limit - 4 * mib});
    }
}

// Pinned and pushed before it is acknowledged: it must be there whatever comes.
void pin(store::content_store& s, unsigned round) {
    auto const old = oci::digest::of(pinned_bytes(round - 2));
    expect(s.index().remove_pin(kept, old), "remove_pin");
    auto const bytes = pinned_bytes(round);
    auto const d = oci::digest::of(bytes);
    if (auto r = s.index().put_pin(kept, d); !r)
        return expect(r, "put_pin");
    auto const stored = s.put(d, bytes, {.kind = store::object_kind::manifest, .origin = store::object_origin::push});
    if (!stored)
        return expect(stored, "put");
    tell_parent('p');
}

store::gc_rule some_rule(char const* filter, std::uint64_t most) {
    store::gc_rule r{.name = "policy"};
    r.filters.push_back(*store::gc_filter::parse(filter));
    r.max_used_space = most;
    return r;
}

} // namespace

TEST_CASE("child: does everything at once until it is killed", "[.]") {
    auto const folder = child_argument("STORE");
    if (folder.empty())
        return;
    auto const round = static_cast<unsigned>(std::stoul(child_argument("ROUND")));
    auto const seed = std::stoull(child_argument("SEED"));
    small_store s(std::filesystem::path(folder).parent_path()); // goes with the parent's
    s.files->boot = child_argument("BOOT");
    s.now += 1000 * round;
    auto options = s.options();
    options.path = folder;
    options.warn = [](std::string const& message) { fail("warned: " + message); };
    s.store = store::content_store::open(options).value();
    s.store->set_rules({some_rule("type==cache.blob", 6 * mib)});
    tell_parent('r');

    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < fillers; ++t)
        threads.emplace_back([&, t] { work(*s.store, seed * 100 + t); });
    threads.emplace_back([&] { look_after(s, seed); });
    pin(*s.store, round);
}

// --- the parent ---

namespace {

std::uint64_t from_environment(char const* name, std::uint64_t otherwise) {
    auto const* value = std::getenv(name);
    return value && *value ? std::strtoull(value, nullptr, 10) : otherwise;
}

struct death {
    bool ready = false;
    bool pinned = false;
    int status = 0;
};

// From the start, or from when it has opened the store, until it is killed.
death live_and_die(small_store& s, unsigned round, std::mt19937_64& random, std::chrono::milliseconds life,
                   bool from_start) {
    death d;
    other_process child("child: does everything at once until it is killed", {{"STORE", s.options().path.string()},
                                                                              {"ROUND", std::to_string(round)},
                                                                              {"SEED", std::to_string(random() >> 16)},
                                                                              {"BOOT", s.files->boot}});
    if (!from_start)
        d.ready = child.hear(60s) == 'r';
    auto const end = std::chrono::steady_clock::now() + life;
    for (;;) {
        auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        auto const heard = left > 0ms ? child.hear(left) : std::nullopt;
        if (!heard)
            break;
        d.ready = d.ready || heard == 'r';
        d.pinned = d.pinned || heard == 'p';
    }
    child.kill();
    d.status = child.wait();
    while (auto const heard = child.hear(0ms)) // said just before
        d.pinned = d.pinned || heard == 'p';
    return d;
}

void check_fsck(small_store& s) {
    auto const report = store::fsck({.path = s.options().path, .progress = {}, .warn = {}, .files = s.files});
    REQUIRE(report);
    for (auto const& f : report->findings)
        if (!store::is_harmless(f.kind))
            UNSCOPED_INFO(store::to_string(f.kind) << " " << f.subject << " " << f.message);
    CHECK(report->in_order());
}

// All rows and links, each row's content against its digest.
void check_rows(small_store& s) {
    auto const& db = *s.store->internals()->db;
    store::totals sums;
    std::map<std::string, std::int64_t> sizes;
    auto const rows = db.scan(store::family::objects);
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        auto const d = store::decode_digest_key(rows->key().ToStringView()).value();
        auto const info = store::decode_object(rows->value().ToStringView()).value().info;
        auto const bytes = s.get(d);
        CHECK((bytes && bytes->size() == info.size && oci::digest::of(*bytes) == d));
        bool const file = info.place == store::object_place::file;
        auto const size = static_cast<std::int64_t>(info.size);
        sizes[d.to_string()] = size;
        sums += {.objects = 1,
                 .content_bytes = size,
                 .file_bytes = file ? static_cast<std::int64_t>(info.disk_bytes) : 0,
                 .logical_bytes = 0,
                 .files = file};
    }
    auto const links = db.scan(store::family::links);
    for (links->SeekToFirst(); links->Valid(); links->Next()) {
        auto const key = store::split_repository(links->key().ToStringView()).value();
        auto const held = sizes.find(store::decode_digest_key(key.rest).value().to_string());
        sums.logical_bytes += held == sizes.end() ? 0 : held->second;
    }
    CHECK((db.read_totals().value() == sums));
    CHECK(s.store->used().objects == static_cast<std::uint64_t>(sums.objects));
    CHECK(s.store->used().content_bytes == static_cast<std::uint64_t>(sums.content_bytes));
    CHECK(s.store->used().logical_bytes == static_cast<std::uint64_t>(sums.logical_bytes));
    CHECK(s.store->used().reserved_bytes == 0);
    CHECK(files_below(s.blobs()) == static_cast<std::size_t>(sums.files));
    CHECK(files_below(s.temp()) == 0);
}

void check_survivor(small_store& s) {
    check_rows(s);
    auto const folder = s.dir.path() / "store";
    auto const off_by = static_cast<std::int64_t>(s.store->used().disk_bytes - disk_usage(folder));
    CHECK(std::abs(off_by) <= 64 * 1024);

    store::reconciler r(*s.store);
    while (!r.step(1000).value()) {
    }
    CHECK((r.found().drift == store::totals{}));
    CHECK(r.found().orphans_removed == 0);
    CHECK(r.found().rows_dropped == 0);
    CHECK(r.found().foreign == 0);
    CHECK(r.found().link_counts_corrected == 0);
    CHECK(r.found().failures == 0);
    CHECK(s.warnings == 0);
    CHECK(s.store->used().disk_bytes <= limit);
    CHECK(disk_usage(folder) <= limit);
}

} // namespace

TEST_CASE("a process killed at random moments leaves a store in order, every time", "[faults]") {
    auto const rounds = static_cast<unsigned>(from_environment("LAYERD_KILL_ROUNDS", 30));
    auto const seed = from_environment("LAYERD_KILL_SEED", 1);
    std::mt19937_64 random(seed);
    small_store s;
    unsigned boots = 0, most_objects = 0;
    for (unsigned round = 2; round < rounds + 2; ++round) {
        if (random() % 6 == 0)
            s.files->boot = "boot " + std::to_string(++boots); // all that was not synced is suspect, and right
        auto const life = std::chrono::milliseconds(5 + random() % 116);
        bool const from_start = random() % 5 == 0; // while it opens, mostly
        auto const d = live_and_die(s, round, random, life, from_start);
        INFO("seed " << seed << ", round " << round << ", killed after " << life.count() << " ms"
                     << (from_start ? " from its start" : ""));
        REQUIRE(WIFSIGNALED(d.status));
        REQUIRE(WTERMSIG(d.status) == SIGKILL);
        REQUIRE((d.ready || from_start));
        CHECK(disk_usage(s.dir.path() / "store") <= limit); // as it died

        if (round % 2)
            check_fsck(s);
        s.warnings = 0;
        s.open();
        check_survivor(s);
        if (d.pinned)
            CHECK((s.get(oci::digest::of(pinned_bytes(round))) == pinned_bytes(round)));
        most_objects = std::max(most_objects, static_cast<unsigned>(s.store->used().objects));
        s.store.reset();
        if (round % 2 == 0)
            check_fsck(s);
    }
    CHECK(most_objects > 10); // or it was no test
}
