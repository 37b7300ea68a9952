#include "tests/catch.h"
#include "tests/support/mirror.h"

using namespace tests;

namespace {

struct two_registries {
    mirror m;
    scripted_origin ghcr;
    std::string hub_manifest = image_manifest({random_bytes(10, 1)});
    std::string ghcr_manifest = image_manifest({random_bytes(10, 2)});

    two_registries() {
        m.settings.upstreams[1].endpoints = {ghcr.endpoint()};
        m.put_manifest("library/alpine", "1", hub_manifest);
        m.put_manifest("library/ghcr.io", "1", hub_manifest);
        for (auto const* path : {"alpine", "library/alpine", "team/blobs/app"}) {
            header_list const fields{{"Docker-Content-Digest", digest_of(ghcr_manifest)}};
            ghcr.on("GET", "/v2/" + std::string(path) + "/manifests/1").reply(200, fields, ghcr_manifest);
            ghcr.on("GET", "/v2/" + std::string(path) + "/manifests/" + digest_of(ghcr_manifest))
                .reply(200, fields, ghcr_manifest);
        }
        m.start();
    }
};

} // namespace

TEST_CASE("every form of address of the default upstream leads to one image, fetched once") {
    two_registries r;
    for (auto const* target : {
             "/v2/library/alpine/manifests/1",
             "/v2/alpine/manifests/1",
             "/v2/library/alpine/manifests/1?ns=docker.io",
             "/v2/alpine/manifests/1?ns=docker.io",
             "/v2/library/alpine/manifests/1?ns=index.docker.io",
             "/v2/library/alpine/manifests/1?ns=registry-1.docker.io",
             "/v2/docker.io/library/alpine/manifests/1",
             "/v2/docker.io/alpine/manifests/1",
             "/docker.io/v2/library/alpine/manifests/1",
             "/docker.io/v2/alpine/manifests/1",
             "/docker.io/v2/library/alpine/manifests/1?ns=docker.io",
             "/v2/docker.io/library/alpine/manifests/1?ns=docker.io",
         }) {
        INFO(target);
        auto const a = r.m.get(target);
        CHECK(a.status == 200);
        CHECK(a.body == r.hub_manifest);
    }
    CHECK(r.m.origin.count("GET", "/v2/library/alpine/manifests/" + digest_of(r.hub_manifest)) == 1);
    CHECK(r.ghcr.requests().empty());
}

TEST_CASE("every form of address of another upstream leads there, without library/") {
    two_registries r;
    for (auto const* target : {
             "/v2/alpine/manifests/1?ns=ghcr.io",
             "/v2/ghcr.io/alpine/manifests/1",
             "/ghcr.io/v2/alpine/manifests/1",
             "/v2/ghcr.io/alpine/manifests/1?ns=ghcr.io",
         }) {
        INFO(target);
        CHECK(r.m.get(target).body == r.ghcr_manifest);
    }
    CHECK(r.m.origin.requests().empty());
}

TEST_CASE("the same path on two registries does not mix") {
    two_registries r;
    CHECK(r.m.get("/v2/library/alpine/manifests/1").body == r.hub_manifest);
    CHECK(r.m.get("/v2/library/alpine/manifests/1?ns=ghcr.io").body == r.ghcr_manifest);
    CHECK(r.m.get("/v2/library/alpine/manifests/1").body == r.hub_manifest);
}

TEST_CASE("a repository may contain the words of the API") {
    two_registries r;
    CHECK(r.m.get("/v2/ghcr.io/team/blobs/app/manifests/1").body == r.ghcr_manifest);
}

TEST_CASE("an honoured ns is echoed") {
    two_registries r;
    CHECK(r.m.get("/v2/alpine/manifests/1?ns=ghcr.io").header("OCI-Namespace") == "ghcr.io");
    CHECK(r.m.get("/ghcr.io/v2/alpine/manifests/1?ns=ghcr.io").header("OCI-Namespace") == "ghcr.io");
}

TEST_CASE("a prefix and an ns that contradict each other are NAME_UNKNOWN") {
    two_registries r;
    for (auto const* target : {
             "/docker.io/v2/library/alpine/manifests/1?ns=quay.io",
             "/docker.io/v2/library/alpine/manifests/1?ns=ghcr.io",
             "/ghcr.io/v2/alpine/manifests/1?ns=docker.io",
         }) {
        INFO(target);
        auto const a = r.m.get(target);
        CHECK(a.status == 404);
        CHECK(a.body.find("NAME_UNKNOWN") != std::string::npos);
        CHECK(a.header("OCI-Namespace").empty());
    }
    CHECK(r.m.origin.requests().empty());
    CHECK(r.ghcr.requests().empty());
}

TEST_CASE("an ns that was not used is not echoed") {
    two_registries r;
    CHECK(r.m.get("/v2/local/app/tags/list?ns=layerd.lan").header("OCI-Namespace").empty());
}

TEST_CASE("an upstream that is not configured is NAME_UNKNOWN and is never called") {
    two_registries r;
    for (auto const* target : {
             "/v2/alpine/manifests/1?ns=quay.io",
             "/quay.io/v2/alpine/manifests/1",
             "/v2/quay.io/team/alpine/manifests/1",
             "/v2/localhost/alpine/manifests/1",
             "/v2/alpine/manifests/1?ns=127.0.0.1:9",
             "/v2/alpine/manifests/1?ns=http://127.0.0.1/",
         }) {
        INFO(target);
        auto const a = r.m.get(target);
        CHECK(a.status == 404);
        CHECK(a.body.find("NAME_UNKNOWN") != std::string::npos);
    }
    CHECK(r.m.origin.requests().empty());
    CHECK(r.ghcr.requests().empty());
}

TEST_CASE("a hosted prefix is served from the store alone") {
    two_registries r;
    CHECK(r.m.get("/v2/local/app/manifests/1").status == 404);
    CHECK(r.m.origin.requests().empty());
}
