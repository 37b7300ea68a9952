// Upstream is gone for an hour, and for as long as the configuration allows: what was pulled before still pulls, by
// tag and by digest, in the order in which each client asks.
#include "tests/catch.h"
#include "tests/support/mirror.h"
#include "tests/support/set_clock.h"

using namespace tests;
using namespace std::chrono_literals;

namespace {

std::string const repo = "library/alpine";

struct image {
    std::string config = random_bytes(500, 200);
    std::string small = random_bytes(3000, 201);    // a row of the index
    std::string large = random_bytes(300'000, 202); // a file
    std::string manifest = image_manifest({config, small, large});
    std::string index = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)"
                        R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
                        digest_of(manifest) + R"(","size":)" + std::to_string(manifest.size()) +
                        R"(,"platform":{"architecture":"amd64","os":"linux"}}]})";
};

struct step {
    std::string method;
    std::string path;
    std::string const* content; // null: of no matter
};

enum class client { containerd, dockerd, podman, crane };

// The requests of a pull; by digest, the index's.
std::vector<step> pull_of(client c, image const& i, bool by_digest) {
    auto const digest = digest_of(i.index);
    auto const reference = by_digest ? digest : std::string("3.19");
    std::string const prefix = c == client::podman || c == client::crane ? "/v2/docker.io/" : "/v2/";
    std::string const query = c == client::containerd ? "?ns=docker.io" : "";
    auto const manifest = [&](std::string const& r) { return prefix + repo + "/manifests/" + r + query; };
    auto const blob = [&](std::string const& b) { return prefix + repo + "/blobs/" + digest_of(b) + query; };
    std::vector<step> steps;
    if (c != client::containerd)
        steps.push_back({"GET", "/v2/", nullptr});
    if (c == client::containerd || c == client::dockerd) {
        steps.push_back({"HEAD", manifest(reference), &i.index});
        steps.push_back({"GET", manifest(digest), &i.index});
    } else {
        steps.push_back({"GET", manifest(reference), &i.index});
    }
    steps.push_back({"GET", manifest(digest_of(i.manifest)), &i.manifest});
    for (auto const* content : {&i.config, &i.small, &i.large})
        steps.push_back({"GET", blob(*content), content});
    return steps;
}

struct outage : mirror {
    set_clock clock;
    image i;

    outage() {
        seams.now = clock.source();
        header_list const fields{{"Content-Type", "application/vnd.oci.image.index.v1+json"},
                                 {"Docker-Content-Digest", digest_of(i.index)}};
        for (auto const& reference : {std::string("3.19"), digest_of(i.index)})
            origin.on("GET", "/v2/" + repo + "/manifests/" + reference).reply(200, fields, i.index);
        put_manifest(repo, "amd64", i.manifest);
        for (auto const* content : {&i.config, &i.small, &i.large})
            put_blob(repo, *content);
    }

    http_answer ask(std::string const& method, std::string const& path) const {
        return http_client(server->port()).request(method, path);
    }
    void pull(client c, bool by_digest) const {
        for (auto const& s : pull_of(c, i, by_digest))
            take(s);
    }
    void take(step const& s) const {
        INFO(s.method << " " << s.path);
        auto const a = ask(s.method, s.path);
        CHECK(a.status == 200);
        CHECK(a.complete);
        if (!s.content)
            return;
        CHECK(a.header("Content-Length") == std::to_string(s.content->size()));
        CHECK(a.header("Docker-Content-Digest") == digest_of(*s.content));
        CHECK((s.method == "HEAD" || a.body == *s.content));
    }
    // As every client asks, and each step with the other method too.
    void pull_all_ways() const {
        for (auto const c : {client::containerd, client::dockerd, client::podman, client::crane})
            for (bool const by_digest : {false, true})
                for (auto const& s : pull_of(c, i, by_digest)) {
                    take(s);
                    take({s.method == "GET" ? "HEAD" : "GET", s.path, s.content});
                }
    }
};

} // namespace

TEST_CASE("an image that any client pulled once is pulled by all of them through an outage and restarts") {
    auto const first = GENERATE(client::containerd, client::dockerd, client::podman, client::crane);
    outage o;
    o.start();
    o.pull(first, false);
    auto const asked = o.origin.requests().size();
    o.pull(first, true);
    CHECK(o.origin.requests().size() == asked); // by digest nothing needs upstream

    o.origin.go_down();
    o.pull_all_ways();
    o.clock.pass(1h);
    o.pull_all_ways();
    o.restart();
    o.pull_all_ways();
    o.clock.pass(7 * 24h - 1h); // of stale_if_error, a ttl before its end
    o.restart();
    o.pull_all_ways();
}

TEST_CASE("an image of which only the digest was ever asked for needs upstream no more either") {
    outage o;
    o.start();
    o.pull(client::containerd, true);
    o.origin.go_down();
    o.clock.pass(30 * 24h);
    o.restart();
    o.pull(client::containerd, true);
    o.pull(client::crane, true);
}

TEST_CASE("what was not pulled before the outage is refused in a way that sends clients to their next mirror") {
    outage o;
    o.start();
    o.pull(client::crane, false);
    o.origin.go_down();
    auto const unknown = digest_of("never seen");
    for (auto const& path :
         {"/v2/" + repo + "/manifests/other", "/v2/" + repo + "/manifests/" + unknown,
          "/v2/" + repo + "/blobs/" + unknown, "/v2/" + repo + "/referrers/" + unknown, "/v2/" + repo + "/tags/list"}) {
        INFO(path);
        auto const a = o.get(path);
        CHECK((a.status == 502 || a.status == 503));
        CHECK(a.body.find("UNAVAILABLE") != std::string::npos);
        CHECK(a.header("WWW-Authenticate").empty());
        CHECK(a.header("Warning").empty());
    }
}
