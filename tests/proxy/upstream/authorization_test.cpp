// 401, token, once more; Basic; and who is told the password.
#include "proxy/upstream/credentials.h"
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"
#include "tests/support/test_thread.h"

#include <filesystem>
#include <fstream>
#include <optional>

#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tests;

namespace {

class password_file {
public:
    explicit password_file(std::string const& password) : path_(std::filesystem::temp_directory_path() / name()) {
        write(password);
    }
    ~password_file() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    void write(std::string const& password) { std::ofstream(path_, std::ios::trunc) << password << "\n"; }
    std::filesystem::path const& path() const { return path_; }

private:
    static std::string name() { return "layerd-test-password-" + std::to_string(::getpid()); }
    std::filesystem::path path_;
};

// A registry that wants tokens, with its own token server on the same host.
struct token_registry {
    explicit token_registry(token_rules rules = {}) : desk(std::make_shared<token_desk>(std::move(rules))) {
        tokens.serve_tokens("/token", desk);
        origin.require_token(desk, tokens.url("/token"));
        origin.on("GET", blob).reply(200, {}, "secret");
    }

    std::string const blob = "/v2/library/alpine/blobs/x";
    std::shared_ptr<token_desk> desk;
    scripted_origin tokens;
    scripted_origin origin;
};

} // namespace

TEST_CASE("a challenge is answered with a token for the repository") {
    token_registry registry;
    upstream_bench bench(registry.origin);

    CHECK(bench.fetch("blobs/x").value().body == "secret");
    auto const asked = registry.tokens.requests("/token").at(0);
    CHECK(asked.query("service") == std::vector<std::string>{"registry.test"});
    CHECK(asked.query("scope") == std::vector<std::string>{"repository:library/alpine:pull"});
    CHECK_FALSE(asked.has_header("Authorization"));
    CHECK(registry.origin.count("GET", registry.blob) == 2);
}

TEST_CASE("a token under access_token serves as well") {
    token_registry registry({.expires_in = {}, .member = "access_token"});
    upstream_bench bench(registry.origin);

    CHECK(bench.fetch("blobs/x"));
}

TEST_CASE("a token is used again until 90 % of its life are over, then renewed without being refused") {
    token_registry registry({.expires_in = 100});
    upstream_bench bench(registry.origin);

    REQUIRE(bench.fetch("blobs/x"));
    bench.now += std::chrono::seconds(89);
    REQUIRE(bench.fetch("blobs/x"));
    CHECK(registry.desk->issued() == 1);
    bench.now += std::chrono::seconds(2);
    REQUIRE(bench.fetch("blobs/x"));
    CHECK(registry.desk->issued() == 2);
    CHECK(registry.origin.count("GET", registry.blob) == 4); // one 401, at the very first
}

TEST_CASE("a renewal that fails leaves the old token in use") {
    token_registry registry({.expires_in = 100});
    upstream_bench bench(registry.origin);
    REQUIRE(bench.fetch("blobs/x"));
    registry.tokens.on("GET", "/token").reply(503); // the script's last answer repeats from here

    bench.now += std::chrono::seconds(95);
    CHECK(bench.fetch("blobs/x"));
    CHECK(registry.tokens.count("GET", "/token") == 2);
}

TEST_CASE("a token without a told life is good for sixty seconds") {
    token_registry registry({.expires_in = {}});
    upstream_bench bench(registry.origin);

    REQUIRE(bench.fetch("blobs/x"));
    bench.now += std::chrono::seconds(53);
    REQUIRE(bench.fetch("blobs/x"));
    CHECK(registry.desk->issued() == 1);
    bench.now += std::chrono::seconds(2);
    REQUIRE(bench.fetch("blobs/x"));
    CHECK(registry.desk->issued() == 2);
}

TEST_CASE("a kept token that upstream refuses is replaced once") {
    token_registry registry;
    upstream_bench bench(registry.origin);
    REQUIRE(bench.fetch("blobs/x"));

    registry.desk->revoke_all();
    CHECK(bench.fetch("blobs/x").value().body == "secret");
    CHECK(registry.desk->issued() == 2);
}

TEST_CASE("a fresh token that upstream refuses ends in denied") {
    token_registry registry;
    registry.origin.require_token(std::make_shared<token_desk>(),
                                  registry.tokens.url("/token")); // believes another desk
    upstream_bench bench(registry.origin);

    auto const e = bench.fetch("blobs/x").error();
    CHECK(e.code == oci::errc::denied);
    CHECK(e.status == 403);
    CHECK(e.retry == proxy::retry_class::next_endpoint);
    CHECK(registry.origin.count("GET", registry.blob) == 2);
    CHECK(bench.counters.errors == 0);
}

TEST_CASE("each repository has a token of its own") {
    token_registry registry;
    upstream_bench bench(registry.origin);
    registry.origin.on("GET", "/v2/team/app/blobs/y").reply(200, {}, "y");

    REQUIRE(bench.fetch("blobs/x"));
    REQUIRE(bench.fetch(bench.request("blobs/y", "team/app")));
    auto const asked = registry.tokens.requests("/token");
    REQUIRE(asked.size() == 2);
    CHECK(asked[1].query("scope") == std::vector<std::string>{"repository:team/app:pull"});
}

TEST_CASE("concurrent users of a missing token share one request for it") {
    auto const hold = gate::closed();
    token_registry registry({.hold = hold});
    upstream_bench bench(registry.origin);
    test_thread opener([&] {
        registry.origin.wait_for(registry.blob, 8); // all eight are refused
        registry.tokens.wait_for("/token", 1);
        hold->open();
    });

    auto const all = run_io_all(bench.worker, 8, [&](std::size_t) {
        return bench.subject().open(bench.worker, bench.request("blobs/x"), proxy::deadline::after(bench.ample));
    });
    for (auto const& r : all)
        CHECK(r.value().status() == 200);
    CHECK(registry.desk->issued() == 1);
}

TEST_CASE("configured credentials go to the token server and not to the registry") {
    password_file file("pass word");
    token_registry registry({.username = "alice", .password = "pass word"});
    upstream_bench bench(registry.origin);
    bench.config.username = "alice";
    bench.config.password_file = file.path();

    REQUIRE(bench.fetch("blobs/x"));
    CHECK(registry.tokens.requests("/token")[0].header("Authorization") == basic_authorization("alice", "pass word"));
    for (auto const& r : registry.origin.requests())
        CHECK_FALSE(r.header("Authorization").starts_with("Basic"));
}

TEST_CASE("wrong credentials end in denied") {
    password_file file("wrong");
    token_registry registry({.username = "alice", .password = "right"});
    upstream_bench bench(registry.origin);
    bench.config.username = "alice";
    bench.config.password_file = file.path();

    CHECK(bench.fetch("blobs/x").error().code == oci::errc::denied);
}

TEST_CASE("a changed password file is read again") {
    password_file file("old");
    token_registry registry({.username = "alice", .password = "renewed"});
    upstream_bench bench(registry.origin);
    bench.config.username = "alice";
    bench.config.password_file = file.path();
    REQUIRE_FALSE(bench.fetch("blobs/x"));

    file.write("renewed");
    CHECK(bench.fetch("blobs/x"));
}

namespace {

// Not even root reads a file against its mode while this lives.
class unprivileged {
public:
    unprivileged() : before_(::setfsuid(65534)) {}
    ~unprivileged() { ::setfsuid(static_cast<uid_t>(before_)); }
    unprivileged(unprivileged const&) = delete;

private:
    int const before_;
};

} // namespace

TEST_CASE("a password file that becomes readable is read, though nobody has written it since") {
    password_file file("pw");
    ::chmod(file.path().c_str(), 0);
    std::optional<proxy::credentials> login;
    {
        unprivileged const now;
        login.emplace("bob", file.path());
        CHECK_FALSE(login->basic());
    }
    ::chmod(file.path().c_str(), 0600);
    REQUIRE(login->basic());
    CHECK(*login->basic() == basic_authorization("bob", "pw"));
}

TEST_CASE("a registry that asks for Basic gets it, and then at once") {
    password_file file("pw");
    scripted_origin origin;
    origin.require_basic("bob", "pw");
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {}, "x");
    upstream_bench bench(origin);
    bench.config.username = "bob";
    bench.config.password_file = file.path();

    REQUIRE(bench.fetch("blobs/x"));
    REQUIRE(bench.fetch("blobs/x"));
    CHECK(origin.requests().size() == 3);
}

TEST_CASE("Basic without credentials, or with refused ones, is denied") {
    password_file file("not this");
    scripted_origin origin;
    origin.require_basic("bob", "pw");
    upstream_bench anonymous(origin);
    upstream_bench mistaken(origin);
    mistaken.config.username = "bob";
    mistaken.config.password_file = file.path();

    CHECK(anonymous.fetch("blobs/x").error().code == oci::errc::denied);
    CHECK(mistaken.fetch("blobs/x").error().code == oci::errc::denied);
    CHECK(mistaken.fetch("blobs/x").error().code == oci::errc::denied);
}

TEST_CASE("a login is not shown to an endpoint that may be somebody else's") {
    password_file file("pw");
    scripted_origin mirror("127.0.0.2"), origin;
    auto const has_seen_login = [&] {
        return std::ranges::any_of(mirror.requests(), [](auto const& r) { return r.has_header("Authorization"); });
    };
    mirror.require_basic("bob", "pw");
    mirror.on("GET", "/v2/library/alpine/blobs/x").reply(200, {}, "of the mirror");
    origin.require_basic("bob", "pw");
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {}, "of the origin");
    upstream_bench bench;
    bench.config.endpoints = {mirror.endpoint("127.0.0.2"), origin.endpoint()};
    bench.config.username = "bob";
    bench.config.password_file = file.path();
    CHECK(bench.fetch("blobs/x").value().body == "of the origin");
    CHECK(mirror.count("GET", "/v2/library/alpine/blobs/x") == 1);
    CHECK_FALSE(has_seen_login());

    upstream_bench listed;
    listed.config = bench.config;
    listed.config.token_hosts = {"127.0.0.2"};
    CHECK(listed.fetch("blobs/x").value().body == "of the mirror");
    CHECK(has_seen_login());
}

TEST_CASE("nor to the token server of such an endpoint") {
    password_file file("pw");
    token_registry registry;
    scripted_origin mirror("127.0.0.2");
    auto const desk = std::make_shared<token_desk>();
    mirror.serve_tokens("/token", desk);
    mirror.require_token(desk, mirror.url("/token", "127.0.0.2"));
    mirror.on("GET", registry.blob).reply(200, {}, "of the mirror");
    upstream_bench bench;
    bench.config.endpoints = {mirror.endpoint("127.0.0.2"), registry.origin.endpoint()};
    bench.config.username = "bob";
    bench.config.password_file = file.path();
    CHECK(bench.fetch("blobs/x").value().body == "of the mirror");
    auto const asked = mirror.requests("/token");
    REQUIRE(asked.size() == 1);
    CHECK_FALSE(asked[0].has_header("Authorization"));
}

TEST_CASE("a realm on a foreign host is not asked") {
    scripted_origin foreign;
    auto const desk = std::make_shared<token_desk>();
    foreign.serve_tokens("/token", desk);
    scripted_origin origin;
    origin.require_token(desk, foreign.url("/token", "localhost")); // the registry is 127.0.0.1
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(200, {}, "x");

    upstream_bench bench(origin);
    CHECK(bench.fetch("blobs/x").error().code == oci::errc::denied);
    CHECK(foreign.connections() == 0);

    upstream_bench trusting(origin);
    trusting.config.token_hosts = {"localhost"};
    CHECK(trusting.fetch("blobs/x"));
}

TEST_CASE("a token server may lead to another that is trusted too, with the password, and to no other") {
    password_file file("pw");
    token_registry registry({.username = "alice", .password = "pw"});
    scripted_origin foreign;
    auto const lead_to = [&](std::string const& place) {
        registry.tokens.on("GET", "/moved").call([place](recorded_request const& r) {
            return reply(308).header("Location", place + r.target.substr(r.target.find('?')));
        });
        registry.origin.require_token(registry.desk, registry.tokens.url("/moved"));
        upstream_bench bench(registry.origin);
        bench.config.username = "alice";
        bench.config.password_file = file.path();
        return bench.fetch("blobs/x");
    };
    SECTION("itself") {
        CHECK(lead_to(registry.tokens.url("/token")));
        CHECK(registry.tokens.requests("/token").at(0).header("Authorization") == basic_authorization("alice", "pw"));
    }
    SECTION("in a circle") {
        CHECK(lead_to(registry.tokens.url("/moved")).error().code == oci::errc::unavailable);
        CHECK(registry.tokens.count("GET", "/moved") == 4);
    }
    SECTION("a stranger") {
        CHECK(lead_to(foreign.url("/token", "localhost")).error().code == oci::errc::denied);
        CHECK(foreign.connections() == 0);
    }
}

TEST_CASE("a token server that fails makes upstream unavailable, one that refuses makes it denied") {
    for (auto [status, code] : {std::pair{500u, oci::errc::unavailable},
                                {429u, oci::errc::unavailable},
                                {302u, oci::errc::unavailable},
                                {401u, oci::errc::denied},
                                {403u, oci::errc::denied}}) {
        INFO(status);
        token_registry registry({.status = status});
        upstream_bench bench(registry.origin);
        CHECK(bench.fetch("blobs/x").error().code == code);
    }
}

TEST_CASE("a token server's nonsense makes upstream unavailable") {
    for (auto const* body : {"", "[]", "{}", R"({"token":7})", R"({"token":"a\r\nb"})", R"({"token":""})"}) {
        INFO(body);
        scripted_origin origin;
        origin.on("GET", "/token").reply(200, {}, body);
        origin.require_token(std::make_shared<token_desk>(), origin.url("/token"));
        upstream_bench bench(origin);
        CHECK(bench.fetch("blobs/x").error().code == oci::errc::unavailable);
    }
}

TEST_CASE("a token server that hangs costs no more than the deadline") {
    token_registry registry({.hold = gate::closed()});
    upstream_bench bench(registry.origin);

    CHECK(bench.open("blobs/x", proxy::milliseconds(200)).error().status == 504);
    bench.worker.context().restart(); // the question itself ends with the same deadline
    bench.worker.context().run();
}

TEST_CASE("403 is denied without a dance") {
    scripted_origin origin;
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(403, {}, "no");
    upstream_bench bench(origin);

    CHECK(bench.fetch("blobs/x").error().code == oci::errc::denied);
    CHECK(origin.requests().size() == 1);
}

TEST_CASE("401 without a challenge is denied") {
    scripted_origin origin;
    origin.on("GET", "/v2/library/alpine/blobs/x").reply(401);
    upstream_bench bench(origin);

    CHECK(bench.fetch("blobs/x").error().code == oci::errc::denied);
}

TEST_CASE("a token server that limits us is asked once in the time that it names, and the registry is not to blame") {
    for (unsigned status : {429u, 503u}) {
        token_registry registry;
        scripted_origin limited;
        limited.on("GET", "/token").reply(status, {{"Retry-After", "30"}});
        registry.origin.require_token(registry.desk, limited.url("/token"));
        upstream_bench bench(registry.origin);
        bench.config.retries = 2;
        for (int i = 0; i < 10; ++i) {
            auto const refused = bench.fetch("blobs/x");
            REQUIRE(!refused);
            CHECK(refused.error().status == 503);
            CHECK(refused.error().retry_after == std::chrono::seconds(30));
        }
        CHECK(limited.requests().size() == 1);
        CHECK(bench.subject().endpoints().front().breaker == proxy::breaker_state::closed);
        bench.now += std::chrono::seconds(30);
        CHECK(!bench.fetch("blobs/x"));
        CHECK(limited.requests().size() == 2);
    }
}
