// What each client sends when it pulls one tag of an image for several platforms, request by request as its sources
// have it: methods, paths, Accept fields, what comes one after the other and what at once.
#include "tests/catch.h"
#include "tests/support/mirror.h"
#include "tests/support/test_thread.h"

#include <atomic>

using namespace tests;

namespace {

std::string const repo = "library/alpine";
std::string const oci_index = "application/vnd.oci.image.index.v1+json";
std::string const oci_manifest = "application/vnd.oci.image.manifest.v1+json";
std::string const docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";
std::string const docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
std::string const signed_v1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
std::string const plain_v1 = "application/vnd.docker.distribution.manifest.v1+json";

http_client::headers accept(std::vector<std::string> const& lines) {
    http_client::headers fields;
    for (auto const& line : lines)
        fields.emplace_back("Accept", line);
    return fields;
}

struct client {
    std::string name;
    bool tries_tls;        // on the plain port, before anything else
    bool pings;            // GET /v2/
    std::string tag_by;    // method of the request for the tag; after a HEAD the index is asked for by digest
    std::string at;        // below which the repository is
    std::string query;     // of every request
    bool config_first;     // before the layers, not among them
    std::string blob_type; // with which blobs are asked for; "": none
    std::vector<std::string> resolve, by_digest;
};

std::vector<client> const clients{
    {"containerd",
     false,
     false,
     "HEAD",
     "/v2/library/alpine",
     "?ns=docker.io",
     true,
     "application/vnd.oci.image.layer.v1.tar+gzip, */*",
     {docker_manifest + ", " + docker_list + ", " + oci_manifest + ", " + oci_index + ", */*"},
     {oci_manifest + ", */*"}},
    {"dockerd",
     false,
     true,
     "HEAD",
     "/v2/library/alpine",
     "",
     false,
     "",
     {oci_index, docker_manifest, oci_manifest, docker_list},
     {docker_list, oci_manifest, oci_index, docker_manifest}},
    {"podman",
     true,
     true,
     "GET",
     "/v2/docker.io/library/alpine",
     "",
     false,
     "",
     {oci_manifest, docker_manifest, signed_v1, plain_v1, docker_list, oci_index},
     {oci_manifest, docker_manifest, signed_v1, plain_v1, docker_list, oci_index}},
    {"crane",
     true,
     true,
     "GET",
     "/v2/docker.io/library/alpine",
     "",
     true,
     "",
     {plain_v1 + "," + signed_v1 + "," + docker_manifest + "," + oci_manifest + "," + docker_list + "," + oci_index},
     {oci_manifest}},
    {"oras",
     false,
     false,
     "HEAD",
     "/v2/docker.io/library/alpine",
     "",
     false,
     "",
     {docker_manifest + ", " + docker_list + ", " + oci_manifest + ", " + oci_index},
     {oci_manifest}},
};

struct image {
    std::string const config = "{}";
    std::vector<std::string> const layers{random_bytes(300'000, 1), random_bytes(70'000, 2), random_bytes(100, 3)};
    std::string const manifest = image_manifest({config, layers[0], layers[1], layers[2]});
    std::string const index = R"({"schemaVersion":2,"mediaType":")" + oci_index + R"(","manifests":[{"mediaType":")" +
                              oci_manifest + R"(","digest":")" + digest_of(manifest) + R"(","size":)" +
                              std::to_string(manifest.size()) +
                              R"(,"platform":{"os":"linux","architecture":"amd64"}}]})";

    std::vector<std::string> blobs() const { return {config, layers[0], layers[1], layers[2]}; }

    void publish(mirror& m) const {
        header_list const fields{{"Content-Type", oci_index}, {"Docker-Content-Digest", digest_of(index)}};
        for (auto const& reference : {std::string("3"), digest_of(index)})
            m.origin.on("GET", "/v2/" + repo + "/manifests/" + reference).reply(200, fields, index);
        m.put_manifest(repo, "amd64", manifest);
        for (auto const& blob : blobs())
            m.put_blob(repo, blob);
    }
};

void look_at_manifest(http_answer const& a, std::string const& body, std::string const& type) {
    CHECK(a.status == 200);
    CHECK(a.body == body);
    CHECK(a.header("Content-Type") == type);
    CHECK(a.header("Docker-Content-Digest") == digest_of(body));
    CHECK(a.header("Content-Length") == std::to_string(body.size()));
}

void pull_blobs(mirror const& m, client const& c, std::vector<std::string> const& blobs) {
    std::atomic<std::size_t> right{0};
    {
        std::vector<test_thread> at_once;
        for (auto const& blob : blobs)
            at_once.emplace_back([&] {
                auto const fields = c.blob_type.empty() ? http_client::headers{} : accept({c.blob_type});
                auto const a = m.get(c.at + "/blobs/" + digest_of(blob) + c.query, fields);
                right += a.status == 200 && a.body == blob && a.header("Docker-Content-Digest") == digest_of(blob);
            });
    }
    CHECK(right == blobs.size());
}

void pull(mirror const& m, client const& c, image const& i) {
    if (c.tries_tls) {
        http_client hello(m.server->port());
        hello.send_raw(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
        CHECK(hello.read_raw_to_end().starts_with("HTTP/1.1 400 "));
    }
    http_client line(m.server->port()); // kept alive, as all of them do
    if (c.pings)
        CHECK(line.get("/v2/").status == 200);
    auto const manifests = c.at + "/manifests/";
    auto const tag = line.request(c.tag_by, manifests + "3" + c.query, accept(c.resolve));
    if (c.tag_by == "HEAD") {
        CHECK(tag.status == 200);
        CHECK(tag.header("Content-Type") == oci_index);
        CHECK(tag.header("Content-Length") == std::to_string(i.index.size()));
        REQUIRE(tag.header("Docker-Content-Digest") == digest_of(i.index));
        look_at_manifest(line.get(manifests + digest_of(i.index) + c.query, accept(c.by_digest)), i.index, oci_index);
    } else {
        look_at_manifest(tag, i.index, oci_index);
    }
    look_at_manifest(line.get(manifests + digest_of(i.manifest) + c.query, accept(c.by_digest)), i.manifest,
                     oci_manifest);
    if (c.config_first)
        pull_blobs(m, c, {i.config});
    pull_blobs(m, c, c.config_first ? i.layers : i.blobs());
}

} // namespace

TEST_CASE("each client's pull works cold, and costs upstream each document and blob once and nothing again") {
    image const i;
    for (auto const& c : clients) {
        INFO(c.name);
        mirror m;
        i.publish(m);
        m.start();
        pull(m, c, i);
        for (auto const& document : {i.index, i.manifest})
            CHECK(m.origin.count("GET", "/v2/" + repo + "/manifests/" + digest_of(document)) == 1);
        for (auto const& blob : i.blobs())
            CHECK(m.origin.count("GET", "/v2/" + repo + "/blobs/" + digest_of(blob)) == 1);
        m.origin.forget_requests();
        pull(m, c, i);
        CHECK(m.origin.requests().empty());
    }
}

TEST_CASE("what one client has pulled serves all others, whichever way they ask") {
    image const i;
    mirror m;
    i.publish(m);
    m.start();
    pull(m, clients.front(), i);
    m.origin.forget_requests();
    for (auto const& c : clients) {
        INFO(c.name);
        pull(m, c, i);
    }
    CHECK(m.origin.requests().empty());
}

TEST_CASE("all clients at once share what they pull cold") {
    image const i;
    mirror m;
    i.publish(m);
    m.start();
    std::atomic<std::size_t> right{0};
    {
        std::vector<test_thread> at_once;
        for (auto const& c : clients)
            at_once.emplace_back([&] {
                auto const manifest = m.get(c.at + "/manifests/3" + c.query, accept(c.resolve));
                right += manifest.body == i.index;
                for (auto const& blob : i.blobs())
                    right += m.get(c.at + "/blobs/" + digest_of(blob) + c.query).body == blob;
            });
    }
    CHECK(right == clients.size() * (1 + i.blobs().size()));
    for (auto const& blob : i.blobs())
        CHECK(m.origin.count("GET", "/v2/" + repo + "/blobs/" + digest_of(blob)) == 1);
}
