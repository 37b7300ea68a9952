// An issuer's keys: when they are fetched, and what counts while they cannot be.
#include "proxy/access/oidc_issuer.h"
#include "tests/catch.h"
#include "tests/support/run_io.h"
#include "tests/support/token_issuer.h"

using namespace proxy;
using namespace std::chrono_literals;
using tests::run_io;
using tests::token_issuer;

namespace {

struct watched_issuer {
    token_issuer theirs;
    worker w{0};
    std::atomic<std::int64_t> seconds_passed{0};
    disk_pool disk{1};
    oidc_issuer ours{
        config(), w, disk,
        [this] { return steady_clock::time_point(std::chrono::hours(1000)) + seconds(seconds_passed.load()); },
        around()};

    // 127.0.0.1, where the issuer is, is the network, and 127.0.0.2 this machine.
    static client_network around() {
        client_network n;
        n.depth_of = [](boost::asio::ip::address const& a) noexcept {
            return a.to_string() == "127.0.0.2" ? network_depth::machine : network_depth::network;
        };
        return n;
    }
    oidc_config config() const {
        oidc_config c;
        c.name = "ci";
        c.issuer = theirs.url();
        c.audience = "layerd";
        return c;
    }
    unsigned status(std::string const& token) { // 200, or that of the refusal
        auto parsed = unverified_token::parse(token);
        REQUIRE(parsed);
        auto const done = run_io(w, [&] { return ours.verify(*parsed); });
        return done ? 200 : done.error().status;
    }
};

} // namespace

TEST_CASE("keys are fetched once, and again after an hour") {
    watched_issuer i;
    CHECK(i.status(i.theirs.token()) == 200);
    CHECK(i.status(i.theirs.token()) == 200);
    CHECK(i.theirs.times_asked() == 1);
    i.seconds_passed += 3599;
    CHECK(i.status(i.theirs.token()) == 200);
    CHECK(i.theirs.times_asked() == 1);
    i.seconds_passed += 1;
    CHECK(i.status(i.theirs.token()) == 200);
    CHECK(i.theirs.times_asked() == 2);
}

TEST_CASE("who comes while the first keys are being fetched waits for them") {
    watched_issuer i;
    auto const token = *unverified_token::parse(i.theirs.token());
    auto const done = tests::run_io_all(i.w, 3, [&](std::size_t) -> task<bool> {
        auto const verified = co_await i.ours.verify(token);
        co_return verified.has_value();
    });
    CHECK(done == std::vector<bool>{true, true, true});
    CHECK(i.theirs.times_asked() == 1);
}

TEST_CASE("a key that is not known yet is looked for, once a minute at most") {
    watched_issuer i;
    auto const old = i.theirs.token();
    CHECK(i.status(old) == 200);
    i.theirs.change_key();
    CHECK(i.status(i.theirs.token()) == 401); // a moment after the last fetch
    i.seconds_passed += 60;
    CHECK(i.status(i.theirs.token()) == 200);
    CHECK(i.status(old) == 401); // taken back
    CHECK(i.theirs.times_asked() == 2);
    for (int n = 0; n < 5; ++n)
        CHECK(i.status(i.theirs.token({}, {{"kid", "none of theirs"}})) == 401);
    CHECK(i.theirs.times_asked() == 2);
}

TEST_CASE("while the issuer is silent its keys count for a day") {
    watched_issuer i;
    CHECK(i.status(i.theirs.token()) == 200);
    i.theirs.set_silent(true);
    i.seconds_passed += 3600;
    CHECK(i.status(i.theirs.token()) == 200);
    i.seconds_passed += 22 * 3600;
    CHECK(i.status(i.theirs.token()) == 200);
    i.seconds_passed += 3600;
    CHECK(i.status(i.theirs.token()) == 503);
    CHECK(i.status(i.theirs.token()) == 503); // asked again in a minute
    auto const asked = i.theirs.times_asked();
    i.theirs.set_silent(false);
    i.seconds_passed += 60;
    CHECK(i.status(i.theirs.token()) == 200);
    CHECK(i.theirs.times_asked() == asked + 1);
}

TEST_CASE("an issuer says where its keys are, but nothing further inside than itself") {
    watched_issuer i;
    i.theirs.say_keys_are_at(i.theirs.url() + "/keys");
    CHECK(i.status(i.theirs.token()) == 200);

    watched_issuer other;
    tests::scripted_origin inside{"127.0.0.2"};
    other.theirs.say_keys_are_at(inside.url("/keys", "127.0.0.2"));
    CHECK(other.status(other.theirs.token()) == 503);
    CHECK(inside.connections() == 0);
}
