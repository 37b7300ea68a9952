// Endpoints that cannot be spoken to at all: alone they are an error within the deadline, and a good one after them is
// all that a client needs.
#include "tests/proxy/hostile/hostile_server.h"
#include "tests/support/mirror.h"

using namespace tests;

namespace {

std::string const repo = "library/alpine";

struct unreachable {
    char const* name;
    proxy::endpoint_config endpoint;
};

struct endpoints_bench {
    test_authority trusted, unknown;
    scripted_origin other_name{trusted.issue({"registry.example.com"})};
    scripted_origin expired{trusted.issue_expired({"127.0.0.1", "localhost"})};
    scripted_origin untrusted{unknown.issue({"127.0.0.1", "localhost"})};
    scripted_origin plain;
    silent_port silent;
    hostile_registry good{trusted.issue({"127.0.0.1", "localhost"})};

    std::vector<unreachable> all() const {
        auto tls_to_plain = plain.endpoint();
        tls_to_plain.tls = true;
        return {
            {"refuses", closed_port()},
            {"takes the connection and hangs", silent.endpoint(false)},
            {"hangs in the TLS handshake", silent.endpoint(true)},
            {"has no address", no_such_host()},
            {"has a certificate for another name", other_name.endpoint()},
            {"has a certificate that expired", expired.endpoint()},
            {"has a certificate of an unknown authority", untrusted.endpoint()},
            {"speaks no TLS", tls_to_plain},
        };
    }
};

std::vector<wanted_content> put_all(hostile_registry& at) {
    auto const manifest = image_manifest({"config", "layer"});
    auto const layer = random_bytes(300'000, 1);
    auto const digest = at.put_manifest(repo, "1", manifest);
    return {
        {"/v2/" + repo + "/manifests/1", manifest, {}, {}},
        {"/v2/" + repo + "/manifests/" + digest, manifest, {}, {}},
        {"/v2/" + repo + "/blobs/" + at.put_blob(repo, layer), layer, {}, {}},
    };
}

void trust(hostile_server& s, test_authority const& authority, proxy::milliseconds connect_timeout) {
    for (auto& u : s.settings.upstreams) {
        u.ca_file = authority.ca_file();
        u.connect_timeout = connect_timeout;
    }
}

} // namespace

TEST_CASE("an endpoint that cannot be spoken to is an error for everything, and nothing stays behind", "[hostile]") {
    endpoints_bench bench;
    auto const all = put_all(bench.good);
    for (auto const& bad : bench.all()) {
        hostile_server s({bad.endpoint});
        trust(s, bench.trusted, proxy::milliseconds(300));
        s.be_impatient(proxy::milliseconds(500));
        s.start();
        for (auto const& w : all) {
            auto const e = s.ask(w);
            INFO("an upstream that " << bad.name << ", " << w.target << ": " << e.detail);
            CHECK(e.what == ending::refused);
        }
        CHECK(s.left_behind() == "");
    }
    for (auto const* origin : {&bench.other_name, &bench.expired, &bench.untrusted})
        CHECK(origin->requests().empty());
}

TEST_CASE("a good endpoint after one that cannot be spoken to serves everything", "[hostile]") {
    endpoints_bench bench;
    auto const all = put_all(bench.good);
    for (auto const& bad : bench.all()) {
        hostile_server s({bad.endpoint, bench.good.origin().endpoint()});
        trust(s, bench.trusted, proxy::milliseconds(3000)); // of the good one too
        s.start();
        for (auto const& w : all) {
            auto const e = s.ask(w);
            INFO("after an endpoint that " << bad.name << ", " << w.target << ": " << e.detail);
            CHECK(e.what == ending::right);
        }
        CHECK(s.left_behind() == "");
    }
}
