#include "tests/catch.h"
#include "tests/store/fixture.h"

#include <array>
#include <thread>

using namespace store_tests;

namespace {

constexpr std::size_t contents = 12;
constexpr int repositories = 5;

// Half of them rows, half of them files.
std::string const& some_content(std::size_t i) {
    static auto const all = [] {
        std::array<std::string, contents> a;
        for (std::size_t n = 0; n < contents; ++n)
            a[n] = content(n % 2 ? 100 + n : 20'000 + 1000 * n, static_cast<unsigned>(n));
        return a;
    }();
    return all[i];
}

std::string repository(unsigned n) {
    return "docker.io/r" + std::to_string(n % repositories);
}

// One random operation; false if anything came out wrong.
bool step(store::content_store& s, std::mt19937& random) {
    auto const& bytes = some_content(random() % contents);
    auto const d = oci::digest::of(bytes);
    auto const repo = repository(random());
    auto const tag = *oci::tag::parse("t" + std::to_string(random() % 3));
    switch (random() % 10) {
    case 0:
        return s.put(d, bytes, {}).has_value();
    case 1:
    case 2: {
        auto w =
            s.begin(oci::algorithm::sha256, random() % 2 ? std::optional<std::uint64_t>(bytes.size()) : std::nullopt);
        if (!w || !w->append(as_bytes(bytes).first(50)) || !w->append(as_bytes(bytes).subspan(50)))
            return false;
        return random() % 4 == 0 || w->commit(d, {}).has_value(); // some are given up
    }
    case 3:
        return s.remove(d).has_value();
    case 4:
        return s.index().put_link(repo, d, {.size = bytes.size()}).has_value();
    case 5: {
        auto const found = s.index().find_link(repo, d);
        return found && (!*found || (*found)->size == bytes.size());
    }
    case 6:
        return s.index().put_tag(repo, tag, {.digest = d}).has_value() && s.index().find_tag(repo, tag).has_value();
    case 7: {
        oci::manifest m;
        for (std::size_t i = 0; i < 4; ++i) {
            auto const& child = some_content(random() % contents);
            m.children.push_back({.media_type = "", .digest = oci::digest::of(child), .size = child.size()});
        }
        return s.index().put_manifest(repo, d, m, bytes.size()).has_value();
    }
    case 8: {
        auto const found = s.open_blob(d, store::access::memory);
        return found ? !*found || read_all(*(*found)->file) == bytes : found.error().code == store::errc::would_block;
    }
    default: {
        auto const found = s.open_blob(d);
        return found && (!*found || read_all(*(*found)->file) == bytes);
    }
    }
}

} // namespace

TEST_CASE("eight threads of random operations see only right bytes and leave right numbers") {
    test_store s;
    std::atomic<int> wrong = 0;
    {
        std::vector<std::jthread> threads;
        for (unsigned t = 0; t < 8; ++t) {
            threads.emplace_back([&, t] {
                std::mt19937 random(t);
                for (int i = 0; i < 400; ++i)
                    wrong += !step(*s.store, random);
            });
        }
    }
    CHECK(wrong == 0);
    s.store->maintain(); // also unlinks what somebody still read when it was removed
    CHECK(s.warnings == 0);

    for (bool const restarted : {false, true}) {
        if (restarted)
            s.reopen();
        store::usage sums;
        std::size_t files = 0;
        for (std::size_t i = 0; i < contents; ++i) {
            auto const d = oci::digest::of(some_content(i));
            auto const info = s.store->find(d).value();
            if (!info)
                continue;
            CHECK(s.get(d) == some_content(i));
            ++sums.objects;
            sums.content_bytes += info->size;
            files += info->place == store::object_place::file;
            for (unsigned r = 0; r < repositories; ++r)
                sums.logical_bytes += s.store->index().find_link(repository(r), d).value() ? info->size : 0;
        }
        CHECK(s.store->used().objects == sums.objects);
        CHECK(s.store->used().content_bytes == sums.content_bytes);
        CHECK(s.store->used().logical_bytes == sums.logical_bytes);
        CHECK(s.store->used().reserved_bytes == 0);
        CHECK(files_below(s.blobs()) == files);
        CHECK(files_below(s.temp()) == 0);
    }
}

TEST_CASE("a reader follows a growing file from another thread and reads every byte right") {
    test_store s;
    auto const bytes = content(2'000'000);
    auto w = s.store->begin(oci::algorithm::sha256, bytes.size()).value();
    auto const view = w.view();
    std::atomic<std::size_t> safe = 0;
    std::string seen;
    {
        std::jthread const reader([&] {
            while (seen.size() < bytes.size()) {
                safe.wait(seen.size());
                std::string piece(safe.load() - seen.size(), '\0');
                if (auto const n = view->read(seen.size(), std::as_writable_bytes(std::span(piece))); n)
                    seen += piece.substr(0, *n);
            }
        });
        for (std::size_t at = 0; at < bytes.size(); at += 64 * 1024) {
            REQUIRE(w.append(as_bytes(bytes).subspan(at, std::min<std::size_t>(64 * 1024, bytes.size() - at))));
            safe = w.written();
            safe.notify_one();
        }
        REQUIRE(w.commit(oci::digest::of(bytes), {}));
    }
    CHECK((seen == bytes));
}
