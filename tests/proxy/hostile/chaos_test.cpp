// All faults of an upstream together, by chance, while many clients pull and an operator throws away what they pulled:
// no client is ever told wrong bytes, none waits past its deadline, and when upstream is well again so is everything
// else. No endpoint is better than the next, and tags are asked about again every second.
//
//   LAYERD_HOSTILE_SECONDS  how long; 5 if it is not set
#include "tests/proxy/hostile/hostile_server.h"
#include "tests/support/mirror.h"
#include "tests/support/test_thread.h"

#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <random>

using namespace tests;

namespace {

struct extent {
    unsigned clients, images;
    std::chrono::seconds duration;
};

extent full() {
    auto const* set = std::getenv("LAYERD_HOSTILE_SECONDS");
    return {50, 30, std::chrono::seconds(set ? std::atoi(set) : 5)};
}

// How long an upstream may keep a client waiting for an answer, and a busy machine beside that.
constexpr proxy::milliseconds patience{1'000};
constexpr std::chrono::seconds slack{25};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool tells_memory = false; // their allocators keep what was freed
#else
constexpr bool tells_memory = true;
#endif
constexpr std::size_t memory_slack = 128 << 20; // half a MiB for each of some hundred requests would be more

// Of this process, without what its allocator can give back.
std::size_t resident_bytes() {
    ::malloc_trim(0);
    std::ifstream file("/proc/self/statm");
    std::size_t all = 0, resident = 0;
    file >> all >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Half of the answers are honest.
hostile_registry::choice by_chance(unsigned seed) {
    auto random = std::make_shared<std::mt19937>(seed);
    auto guard = std::make_shared<std::mutex>();
    return [random, guard](recorded_request const&) -> fault const* {
        std::lock_guard lock(*guard);
        auto const& all = all_faults();
        auto const i = (*random)() % (2 * all.size());
        return i < all.size() ? &all[i] : nullptr;
    };
}

// The two endpoints of an upstream, which have the same content.
struct hostile_pair {
    hostile_pair() = default;
    explicit hostile_pair(test_certificate const& identity) : first(identity), second(identity) {}

    std::string put_blob(std::string const& repo, std::string const& bytes) {
        first.put_blob(repo, bytes);
        return second.put_blob(repo, bytes);
    }
    std::string put_manifest(std::string const& repo, std::string const& tag, std::string const& body) {
        first.put_manifest(repo, tag, body);
        return second.put_manifest(repo, tag, body);
    }
    void be_hostile(unsigned seed) {
        first.play(by_chance(seed));
        second.play(by_chance(seed + 1));
    }
    void be_well() {
        first.play(nullptr);
        second.play(nullptr);
    }
    void forget_requests() {
        first.forget_requests();
        second.forget_requests();
    }
    std::size_t open_connections() const { return std::max(first.open_connections(), second.open_connections()); }

    hostile_registry first, second;
};

// What clients ask for, and the images by which an operator purges it.
struct pulls {
    std::vector<wanted_content> wanted;
    std::vector<std::string> names;

    void put_image(hostile_pair& at, std::string const& upstream, unsigned i) {
        auto const repo = "some/image" + std::to_string(i % 7);
        auto const tag = "v" + std::to_string(i);
        std::vector<std::string> const blobs{random_bytes(400, i), random_bytes(30'000 + 1'000 * i, 100 + i),
                                             random_bytes(700'000, 200 + i)};
        auto const path = "/v2/" + upstream + "/" + repo;
        auto const manifest = image_manifest(blobs);
        wanted.push_back({path + "/manifests/" + tag, manifest, {}, {}});
        wanted.push_back({path + "/manifests/" + at.put_manifest(repo, tag, manifest), manifest, {}, {}});
        for (auto const& b : blobs)
            wanted.push_back({path + "/blobs/" + at.put_blob(repo, b), b, {}, {}});
        wanted.push_back({path + "/blobs/" + digest_of(blobs[2]), blobs[2], 50'000, 349'999});
        names.push_back(upstream + "/" + repo + ":" + tag);
    }
};

struct tally {
    std::atomic<std::uint64_t> right{0}, refused{0}, broken{0};
    std::mutex mutex; // guards all below
    std::vector<std::string> bad;
    std::chrono::steady_clock::duration longest_wait{0};

    void add(wanted_content const& w, ending const& e) {
        if (e.what == ending::right)
            ++right;
        if (e.what == ending::refused)
            ++refused;
        if (e.what == ending::broken)
            ++broken;
        std::lock_guard lock(mutex);
        longest_wait = std::max(longest_wait, e.waited);
        if (!e.is_good())
            bad.push_back(w.target + ": " + e.detail);
    }
};

// So that content is cold again and again.
void purge(http_client& admin, std::string const& image) {
    admin.request("POST", "/api/v1/purge", {{"Content-Type", "application/json"}}, R"({"image":")" + image + "\"}");
}

// Connections are kept, as real clients do: one for each request would use up the machine's ports.
void pull(extent const& much, hostile_server const& s, pulls const& p, tally& counted,
          std::function<void()> meanwhile) {
    auto const end = std::chrono::steady_clock::now() + much.duration;
    auto const running = [end] { return std::chrono::steady_clock::now() < end; };
    std::vector<test_thread> threads;
    for (unsigned i = 0; i < much.clients; ++i)
        threads.emplace_back([&, i] {
            std::mt19937 random(i);
            std::optional<http_client> line;
            while (running()) {
                if (!line)
                    line.emplace(s.server->port());
                auto const& w = p.wanted[random() % p.wanted.size()];
                auto const e = ask(*line, w);
                counted.add(w, e);
                if (!e.goes_on)
                    line.reset();
            }
        });
    http_client admin(s.server->admin_port());
    for (std::mt19937 random(4711); running(); meanwhile())
        purge(admin, p.names[random() % p.names.size()]);
}

void configure(hostile_server& s, hostile_pair& plain, std::vector<proxy::endpoint_config> const& others,
               std::filesystem::path const& ca) {
    for (auto& u : s.settings.upstreams) {
        u.ca_file = ca;
        u.prefetch = proxy::prefetch_mode::on;
        u.endpoints = {plain.first.origin().endpoint(), plain.second.origin().endpoint()};
        u.tag_ttl = u.stale_while_revalidate = std::chrono::seconds(1);
        if (u.name == "ghcr.io")
            u.endpoints = others;
    }
    s.be_impatient(patience);
    for (auto& u : s.settings.upstreams)
        u.connect_timeout = proxy::milliseconds(100);
    for (auto& u : s.settings.upstreams)
        u.revalidate_wait = proxy::milliseconds(200);
}

void check(tally const& counted) {
    for (auto const& b : counted.bad)
        FAIL_CHECK(b);
    INFO(counted.right << " right, " << counted.refused << " refused, " << counted.broken << " broken off");
    CHECK(counted.right > 0);
    CHECK(counted.refused > 0);
    CHECK(counted.longest_wait < patience + slack);
}

void play_all(extent const& much) {
    test_authority authority;
    auto const identity = authority.issue({"127.0.0.1", "localhost"});
    hostile_pair plain, tls(identity);
    scripted_origin expired(authority.issue_expired({"127.0.0.1"}));
    silent_port silent;
    pulls wanted;
    for (unsigned i = 0; i < much.images; ++i) {
        wanted.put_image(plain, "docker.io", i);
        wanted.put_image(tls, "ghcr.io", i);
    }
    hostile_server s({});
    configure(s, plain,
              {closed_port(), expired.endpoint(), silent.endpoint(true), no_such_host(), tls.first.origin().endpoint(),
               tls.second.origin().endpoint()},
              authority.ca_file());
    s.start();

    plain.be_hostile(1);
    tls.be_hostile(3);
    tally counted;
    pull(much, s, wanted, counted, [&] {
        plain.forget_requests();
        tls.forget_requests();
    });
    check(counted);

    plain.be_well();
    tls.be_well();
    for (auto const& w : wanted.wanted) {
        INFO(w.target);
        CHECK(eventually([&] { return s.ask(w).what == ending::right; }));
    }
    CHECK(s.left_behind() == "");
    CHECK(plain.open_connections() <= 2 * 2 * 32);
    CHECK(tls.open_connections() <= 2 * 2 * 32);
}

// And nothing of it stays behind, neither here nor at the kernel.
void play_and_leave_nothing(extent const& much) {
    {
        hostile_server once({}); // what a process opens once, and keeps
        once.start();
    }
    auto const descriptors = open_descriptors();
    auto const memory = resident_bytes();
    play_all(much);
    CHECK(eventually([&] { return open_descriptors() == descriptors; }));
    if (tells_memory)
        CHECK(resident_bytes() < memory + memory_slack);
}

} // namespace

TEST_CASE("all faults at random under load reach no client as a right answer, and leave nothing", "[hostile][long]") {
    play_and_leave_nothing(full());
}

// What a sanitizer gets through in a few seconds.
TEST_CASE("all faults at random for a moment", "[hostile]") {
    play_and_leave_nothing({12, 3, std::chrono::seconds(2)});
}
