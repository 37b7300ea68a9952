// Many CI jobs at once: images that share layers, pushed and pulled in parallel while the collector runs. All of it is
// younger than the grace time: that nothing in use is collected without one, tests/store/hosted shows.
#include "tests/catch.h"
#include "tests/support/pusher.h"
#include "tests/support/test_thread.h"

#include <array>
#include <atomic>

using namespace tests;

namespace {

constexpr unsigned clients = 32;
constexpr unsigned rounds = 3;

// What went wrong first, or "". Assertions are for one thread only.
class job {
public:
    job(pusher const& p, unsigned number) : p_(p), number_(number), repo_("local/r" + std::to_string(number % 8)) {}

    std::string run() {
        for (unsigned round = 0; round < rounds && wrong_.empty(); ++round) {
            std::vector<content> const layers{random_blob(300'000, 1), random_blob(100'000, 10 + number_ % 4),
                                              random_blob(70'000, 100 + 40 * round + number_)};
            auto const config = blob("{\"job\":" + std::to_string(100 * round + number_) + "}", media::config);
            push_image(config, layers);
            pull_image(config, layers);
        }
        return wrong_;
    }

private:
    void expect(http_answer const& a, unsigned status, std::string const& what) {
        if (a.status != status && wrong_.empty())
            wrong_ = what + ": " + std::to_string(a.status) + " " + a.body;
    }

    // As clients do: not what is there, and what is elsewhere is mounted.
    void push_blob(content const& b) {
        if (p_.head(blob_path(repo_, b)).status == 200)
            return;
        if (number_ % 2 == 0 || p_.mount(repo_, b.digest.to_string(), "").status != 201)
            expect(p_.post_blob(repo_, b), 201, "push of a blob");
    }
    void push_image(content const& config, std::vector<content> const& layers) {
        for (auto const& l : layers)
            push_blob(l);
        push_blob(config);
        expect(p_.put_manifest(repo_, tag(), image(config, layers)), 201, "push of a manifest");
    }
    void pull_image(content const& config, std::vector<content> layers) {
        auto const m = image(config, layers);
        auto const tagged = p_.get(manifest_path(repo_, tag()));
        expect(tagged, 200, "pull of a manifest");
        if (tagged.body != m.bytes && wrong_.empty())
            wrong_ = "the tag means another manifest";
        layers.push_back(config);
        for (auto const& l : layers) {
            auto const a = p_.get(blob_path(repo_, l));
            expect(a, 200, "pull of a blob");
            if (a.body != l.bytes && wrong_.empty())
                wrong_ = "wrong bytes";
        }
    }
    std::string tag() const { return "job" + std::to_string(number_); }

    pusher const& p_;
    unsigned number_;
    std::string repo_;
    std::string wrong_;
};

} // namespace

TEST_CASE("many jobs push and pull images that share layers, while the collector runs") {
    pusher const p;
    std::atomic<bool> over = false;
    int runs = 0;
    test_thread collector([&] {
        while (!over)
            runs += http_client(p.server->admin_port()).request("POST", "/api/v1/gc").status == 200;
    });
    std::array<std::string, clients> wrong;
    std::vector<test_thread> jobs;
    for (unsigned i = 0; i < clients; ++i)
        jobs.emplace_back([&, i] { wrong[i] = job(p, i).run(); });
    for (auto& j : jobs)
        j.join();
    over = true;
    collector.join();
    CHECK(runs > 0);
    for (auto const& w : wrong)
        CHECK(w.empty());
    CHECK(p.origin.requests().empty());
}
