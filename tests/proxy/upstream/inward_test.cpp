// What a registry outside names, redirects and token servers, must not lead inside. Here 127.0.0.1 is outside, and
// 127.0.0.2 is the network that it must not reach.
#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"

#include <map>

using namespace tests;
using namespace std::chrono_literals;

namespace {

std::string const outer = "127.0.0.1", inner = "127.0.0.2";
proxy::network_depth const deep = proxy::network_depth::network;
std::string const blob = "/v2/library/alpine/blobs/x";

// A registry and what there is inside, by names that the test lets resolve to what it likes.
struct two_networks {
    two_networks() {
        inside.on("GET", "/x").reply(200, {}, "of ours");
        inside.serve_tokens("/token", desk);
        registry.serve_tokens("/token", desk);
        bench.config.endpoints = {registry.endpoint("r.example.org")};
        bench.around.depth_of = [](boost::asio::ip::address const& a) noexcept {
            return a.to_string() == inner ? deep : proxy::network_depth::outside;
        };
        bench.around.look_up = [this](std::string host) { return look_up(std::move(host)); };
    }

    proxy::task<proxy::result<std::vector<boost::asio::ip::address>>> look_up(std::string host) {
        std::vector<boost::asio::ip::address> found;
        for (auto const& a : names[host])
            found.push_back(boost::asio::ip::make_address(a));
        co_return found;
    }

    // The registry wants tokens of whoever is there.
    void want_tokens(std::string const& realm) {
        registry.require_token(desk, realm);
        registry.on("GET", blob).reply(200, {}, "content");
    }

    // Where the registry has a token server that sends on to the one inside.
    void lead_inside(std::string const& from) {
        auto const there = inside.url("/token", "auth.example.org");
        registry.on("GET", from).call([there](recorded_request const& r) {
            return reply(307).header("Location", there + r.target.substr(r.target.find('?')));
        });
    }

    bool is_refused() {
        auto const got = bench.fetch("blobs/x");
        return !got && got.error().status == 502 &&
               got.error().message.find("further inside this network") != std::string::npos;
    }

    std::map<std::string, std::vector<std::string>> names{{"r.example.org", {outer}}, {"auth.example.org", {inner}}};
    std::shared_ptr<token_desk> const desk = std::make_shared<token_desk>();
    scripted_origin registry, inside{inner};
    upstream_bench bench;
};

} // namespace

TEST_CASE("a registry that answers from outside leads nowhere inside, whatever else its name resolves to") {
    two_networks t;
    t.names["r.example.org"] = {outer, inner};
    t.registry.on("GET", blob).redirect(t.inside.url("/x", inner));
    CHECK(t.is_refused());
    CHECK(t.inside.connections() == 0);
}

TEST_CASE("a registry that answers from inside may lead there, whatever else its name resolves to") {
    two_networks t;
    t.names["r.example.org"] = {inner, outer};
    t.bench.config.endpoints = {t.inside.endpoint("r.example.org")};
    t.inside.on("GET", blob).redirect(t.inside.url("/x", "cdn.example.org"));
    t.names["cdn.example.org"] = {inner};
    CHECK(t.bench.fetch("blobs/x").value().body == "of ours");
}

TEST_CASE("a registry inside leads nowhere that is this machine's own") {
    two_networks t;
    t.bench.around.depth_of = [](boost::asio::ip::address const& a) noexcept {
        return a.to_string() == inner ? proxy::network_depth::machine : proxy::network_depth::network;
    };
    t.registry.on("GET", blob).redirect(t.inside.url("/x", inner));
    CHECK(t.is_refused());
    CHECK(t.inside.connections() == 0);
}

TEST_CASE("nor does what a registry inside has led to outside") {
    two_networks t;
    t.names["r.example.org"] = {inner};
    t.names["cdn.example.org"] = {outer};
    t.bench.config.endpoints = {t.inside.endpoint("r.example.org")};
    t.inside.on("GET", blob).redirect(t.registry.url("/moved", "cdn.example.org"));
    t.registry.on("GET", "/moved").redirect(t.inside.url("/x", inner));
    CHECK(t.is_refused());
    CHECK(t.inside.count("GET", "/x") == 0);
}

TEST_CASE("a name that moves inside leads nowhere there, while what was opened before still answers from outside") {
    two_networks t;
    auto const lead_to = [&](std::string const& place) {
        t.registry.on("GET", "/v2/library/alpine/blobs/y").reply(200, {}, "y");
        t.registry.on("GET", blob).reply(307, {{"Location", place}, {"Connection", "close"}});
        REQUIRE(t.bench.fetch("blobs/y"));
        t.bench.now += 50s;
        REQUIRE(t.bench.fetch("blobs/y"));
        t.bench.now += 11s; // the connection is young enough, the address is not
        t.names["r.example.org"] = {inner};
    };
    SECTION("elsewhere") {
        lead_to(t.inside.url("/x", inner));
    }
    SECTION("to itself") {
        lead_to("/x");
    }
    CHECK(t.is_refused());
    CHECK(t.registry.connections() == 1);
    CHECK(t.inside.connections() == 0);
}

TEST_CASE("a token server that a registry outside names is asked inside only if it is listed") {
    two_networks t;
    t.want_tokens(t.inside.url("/token", "auth.example.org"));
    SECTION("not listed") {
        CHECK(t.is_refused());
        CHECK(t.inside.connections() == 0);
    }
    SECTION("listed") {
        t.bench.config.token_hosts = {"Auth.example.org"};
        CHECK(t.bench.fetch("blobs/x").value().body == "content");
    }
}

TEST_CASE("a token server that a registry outside names leads inside only to one that is listed") {
    two_networks t;
    t.lead_inside("/moved");
    t.want_tokens(t.registry.url("/moved", "r.example.org"));
    SECTION("not listed") {
        CHECK(t.is_refused());
        CHECK(t.inside.connections() == 0);
    }
    SECTION("listed") {
        t.bench.config.token_hosts = {"auth.example.org"};
        CHECK(t.bench.fetch("blobs/x").value().body == "content");
    }
}

TEST_CASE("a token server that a registry outside names leads nowhere inside for the next token either") {
    two_networks t;
    t.want_tokens(t.registry.url("/token", "r.example.org"));
    REQUIRE(t.bench.fetch("blobs/x"));
    t.lead_inside("/token");
    t.bench.now += 280s; // of a life of 300 s
    CHECK(t.bench.fetch("blobs/x"));
    CHECK(t.registry.count("GET", "/token") == 2);
    CHECK(t.inside.connections() == 0);
}

TEST_CASE("a registry inside may name a token server there") {
    two_networks t;
    t.names["r.example.org"] = {inner};
    t.bench.config.endpoints = {t.inside.endpoint("r.example.org")};
    t.inside.require_token(t.desk, t.inside.url("/token", "auth.example.org"));
    t.inside.on("GET", blob).reply(200, {}, "content");
    CHECK(t.bench.fetch("blobs/x").value().body == "content");
}
