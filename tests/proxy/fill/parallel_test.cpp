// A large layer from far away comes over several connections, and nobody can tell.
#include "oci/byte_range.h"
#include "tests/catch.h"
#include "tests/support/mirror.h"
#include "tests/support/test_thread.h"

#include <atomic>
#include <functional>
#include <map>
#include <optional>

using namespace tests;

namespace {

constexpr std::size_t window = 200'000, windows = 10;

std::string const repo = "library/alpine";

// Whose first connection brings the beginning of the first window and is slow then, for the rule of the test.
struct far : mirror {
    std::string bytes = random_bytes(window * windows - 50'000, 1);
    std::string path = "/v2/" + repo + "/blobs/" + digest_of(bytes);
    std::shared_ptr<gate> flow = gate::closed();
    std::optional<std::size_t> first_breaks_at; // the connection that brings the whole

    far() {
        proxy::range_rule slow_at_once;
        slow_at_once.window = window;
        slow_at_once.least = 1;
        slow_at_once.far = std::chrono::milliseconds(0);
        slow_at_once.look = std::chrono::milliseconds(0);
        slow_at_once.looks = 1;
        slow_at_once.slow = 1ull << 60;
        seams.ranges = slow_at_once;
        flow->allow(100'000);
    }

    ~far() { origin.go_down(); } // its threads read what is here

    // The whole as the gate lets it through, and `part` for each range.
    void serve(std::function<scripted_reply(oci::byte_range)> part) {
        origin.on("GET", path).call([this, part](recorded_request const& r) {
            auto const field = r.header("Range");
            if (field.empty())
                return first();
            return part(oci::resolve_range(field, bytes.size())->front());
        });
    }
    scripted_reply first() const {
        auto whole = reply(200).body(bytes).hold_body(flow);
        return first_breaks_at ? whole.cut_at(*first_breaks_at) : whole;
    }
    scripted_reply part_of(std::string const& content, oci::byte_range r) const {
        return reply(206)
            .header("Content-Range", oci::content_range(r, bytes.size()))
            .body(content.substr(r.first, r.length()));
    }
    scripted_reply honest(oci::byte_range r) const { return part_of(bytes, r); }

    // A client that reads along, until `n` requests have come; then the first connection goes on.
    http_answer pull_until_asked(std::size_t n) {
        test_thread opener([this, n] {
            bool const all = origin.wait_for(path, n);
            flow->open();
            if (!all)
                throw std::runtime_error("fewer than " + std::to_string(n) + " requests came");
        });
        return get(path);
    }
    std::map<std::string, int> ranges() const {
        std::map<std::string, int> all;
        for (auto const& r : origin.requests(path))
            ++all[r.header("Range")];
        return all;
    }
};

void check_right(http_answer const& a, std::string const& bytes) {
    CHECK(a.status == 200);
    CHECK(a.complete);
    CHECK((a.body == bytes));
}

} // namespace

TEST_CASE("a layer that comes slowly is fetched in windows beside, each once") {
    far m;
    m.serve([&](oci::byte_range r) { return m.honest(r); });
    m.start();
    check_right(m.pull_until_asked(windows), m.bytes);
    auto const asked = m.ranges();
    CHECK(asked.size() == windows);
    for (std::size_t i = 1; i < windows; ++i) {
        auto const last = std::min(m.bytes.size(), (i + 1) * window) - 1;
        CHECK(asked.at("bytes=" + std::to_string(i * window) + "-" + std::to_string(last)) == 1);
    }
    check_right(m.get(m.path), m.bytes);
    CHECK(m.origin.requests(m.path).size() == windows);
}

TEST_CASE("what came first is with the client before any other connection brings anything") {
    auto const others = gate::closed();
    far m;
    m.serve([&](oci::byte_range r) { return m.honest(r).hold_body(others); });
    m.start();
    http_client c(m.server->port());
    c.send_get(m.path);
    auto const head_size = c.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
    c.read_raw_at_least(head_size + 100'000);
    CHECK(m.origin.wait_for(m.path, 4));
    others->open();
    m.flow->open();
    CHECK((c.read_raw_at_least(head_size + m.bytes.size()).substr(head_size) == m.bytes));
}

TEST_CASE("connections beside that bring nothing hold nobody up") {
    auto const never = gate::closed();
    far m;
    m.serve([&](oci::byte_range r) { return m.honest(r).hold_body(never); });
    m.start();
    check_right(m.pull_until_asked(4), m.bytes);
    CHECK(m.origin.requests(m.path).size() == 4);
    never->open();
}

TEST_CASE("one connection is enough where so many are allowed, or where the layer is small") {
    far m;
    bool const allowed = GENERATE(true, false);
    m.settings.upstreams[0].parallel_ranges = allowed ? 4 : 1;
    m.seams.ranges->least = allowed ? m.bytes.size() + 1 : 1;
    m.serve([&](oci::byte_range r) { return m.honest(r); });
    m.start();
    check_right(m.pull_until_asked(1), m.bytes);
    CHECK(m.origin.requests(m.path).size() == 1);
}

TEST_CASE("an upstream that knows no ranges serves the layer over one connection") {
    far m;
    m.serve([&](oci::byte_range) { return reply(200).body(m.bytes); });
    m.start();
    check_right(m.pull_until_asked(2), m.bytes);
    CHECK(m.origin.requests(m.path).size() <= 4);
}

TEST_CASE("an upstream that answers with another part, another size or not at all does no harm") {
    far m;
    auto const answer = GENERATE(0, 1, 2, 3);
    m.serve([&, answer](oci::byte_range r) {
        auto const last = std::min<std::uint64_t>(r.last + 1, m.bytes.size() - 1);
        switch (answer) {
        case 0:
            return m.honest({r.first, last});
        case 1:
            return m.honest({r.first, r.last - 1});
        case 2:
            return m.honest(r).claimed_length(r.length() + 1);
        default:
            return reply(404);
        }
    });
    m.start();
    check_right(m.pull_until_asked(2), m.bytes);
}

TEST_CASE("a window that breaks off is gone on with where it broke") {
    std::atomic<bool> broken{false};
    far m;
    m.serve([&](oci::byte_range r) {
        if (r.first == 3 * window && !broken.exchange(true))
            return m.honest(r).cut_at(60'000);
        return m.honest(r);
    });
    m.start();
    check_right(m.pull_until_asked(windows + 1), m.bytes);
    CHECK(m.ranges().at("bytes=660000-799999") == 1);
}

TEST_CASE("a first connection that breaks is gone on with up to what the others bring") {
    far m;
    m.first_breaks_at = 150'000;
    m.serve([&](oci::byte_range r) { return m.honest(r); });
    m.start();
    check_right(m.pull_until_asked(windows), m.bytes);
    CHECK(m.ranges().at("bytes=150000-199999") == 1);
}

TEST_CASE("a window with wrong bytes reaches nobody as part of a whole and is not kept") {
    far m;
    auto wrong = m.bytes;
    wrong[5 * window + 7] ^= 1;
    m.serve([&m, wrong](oci::byte_range r) { return m.part_of(wrong, r); });
    m.start();
    CHECK_FALSE(m.pull_until_asked(windows).complete);
    CHECK(m.stats().find(R"("store":{"objects":0)") != std::string::npos);
}
