// Each thing that a registry can do wrong, alone, against a whole server: manifests by tag and by digest, blobs small
// and large, and a part of one. Clients get the right bytes, or can tell that they did not; once upstream behaves
// again, so does everything here; and nothing of it stays behind.
#include "tests/proxy/hostile/hostile_server.h"
#include "tests/support/mirror.h"

#include <atomic>
#include <future>

using namespace tests;

namespace {

std::string const repo = "library/alpine";

// Everything that a client may ask for, all of it cold, no two from the same content.
std::vector<wanted_content> put_all(hostile_registry& at) {
    auto const path = [](std::string const& what) { return "/v2/" + repo + "/" + what; };
    auto const by_tag = image_manifest({"config of one", "layer of one"});
    auto const by_digest = image_manifest({"config of another", "layer of another"});
    auto const small = random_bytes(300, 1), large = random_bytes(600'000, 2), part = random_bytes(600'000, 3);
    at.put_manifest(repo, "1", by_tag);
    return {
        {path("manifests/1"), by_tag, {}, {}},
        {path("manifests/" + at.put_manifest(repo, "other", by_digest)), by_digest, {}, {}},
        {path("blobs/" + at.put_blob(repo, small)), small, {}, {}},
        {path("blobs/" + at.put_blob(repo, large)), large, {}, {}},
        {path("blobs/" + at.put_blob(repo, part)), part, 1'000, 399'999},
    };
}

std::vector<ending> ask_at_once(hostile_server const& s, std::vector<wanted_content> const& all) {
    std::vector<std::future<ending>> running;
    for (auto const& w : all)
        running.push_back(std::async(std::launch::async, [&s, &w] { return s.ask(w); }));
    std::vector<ending> out;
    for (auto& each : running)
        out.push_back(each.get());
    return out;
}

// What is wrong with how a request ended under a fault; "" if nothing is.
std::string objection(ending const& e, wanted_content const& w, fault const& f) {
    if (!e.is_good())
        return e.detail;
    if (e.what == ending::unproven && !f.lies)
        return "a wrong part without a lie: " + e.detail;
    bool const whole = !w.first; // a part may come before what goes wrong
    if (f.what == fault::effect::fails && whole && e.what == ending::right)
        return "right, which cannot be: the fault is not played";
    return {};
}

using findings = std::vector<std::string>;

void ask_under_fault(hostile_server const& s, std::vector<wanted_content> const& all, fault const& f, findings& found) {
    auto const endings = ask_at_once(s, all);
    for (std::size_t i = 0; i < all.size(); ++i)
        if (auto const why = objection(endings[i], all[i], f); !why.empty())
            found.push_back(std::string(f.name) + ": " + all[i].target + ": " + why);
}

void ask_until_right(hostile_server const& s, std::vector<wanted_content> const& all, fault const& f, findings& found) {
    for (auto const& w : all) {
        ending last;
        bool const ended = eventually([&] {
            last = s.ask(w);
            return last.what == ending::right || !last.is_good();
        });
        if (!ended || last.what != ending::right)
            found.push_back(std::string(f.name) + ": in the end: " + w.target + ": " + last.detail);
    }
}

// Bounds for upstreams that hang, and for those that a busy machine must not take for such.
constexpr proxy::milliseconds short_while{500}, ample{20'000};

findings play(fault const& f, hostile_registry& registry, std::filesystem::path const& ca) {
    bool const serves = f.what == fault::effect::serves;
    auto const all = put_all(registry);
    hostile_server s({registry.origin().endpoint()});
    for (auto& u : s.settings.upstreams)
        u.ca_file = ca;
    s.be_impatient(serves ? ample : short_while);
    s.start();
    findings found;
    registry.play(&f);
    if (!serves) {
        ask_under_fault(s, all, f, found);
        registry.play(nullptr);
    }
    ask_until_right(s, all, f, found);
    if (auto const left = s.left_behind(); !left.empty())
        found.push_back(std::string(f.name) + ": left behind: " + left);
    if (registry.open_connections() > 2 * 32) // what two workers may keep of one origin's
        found.push_back(std::string(f.name) + ": too many connections to upstream");
    return found;
}

// Each fault has a registry and a server of its own. Most of the time goes into waiting, so several run at once.
template <class MakeRegistry>
void play_each(MakeRegistry make, std::filesystem::path const& ca) {
    std::atomic<std::size_t> next{0};
    auto const some = [&] {
        findings found;
        for (std::size_t i = next++; i < all_faults().size(); i = next++) {
            auto const registry = make();
            auto const more = play(all_faults()[i], *registry, ca);
            found.insert(found.end(), more.begin(), more.end());
        }
        return found;
    };
    std::vector<std::future<findings>> running;
    for (int i = 0; i < 8; ++i)
        running.push_back(std::async(std::launch::async, some));
    for (auto& each : running)
        for (auto const& why : each.get())
            FAIL_CHECK(why);
}

// What a process opens once, and keeps.
std::size_t descriptors_before() {
    {
        hostile_server s({});
        s.start();
    }
    return open_descriptors();
}

} // namespace

TEST_CASE("each fault of an upstream ends in an error or a broken connection, and is over when it is well again",
          "[hostile]") {
    auto const before = descriptors_before();
    play_each([] { return std::make_unique<hostile_registry>(); }, {});
    CHECK(eventually([&] { return open_descriptors() == before; }));
}

TEST_CASE("each fault of an upstream over TLS ends as it does without", "[hostile]") {
    auto const before = descriptors_before();
    {
        test_authority authority;
        auto const identity = authority.issue({"127.0.0.1", "localhost"});
        play_each([&] { return std::make_unique<hostile_registry>(identity); }, authority.ca_file());
    }
    CHECK(eventually([&] { return open_descriptors() == before; }));
}
