#include "proxy/pull/listing_handler.h"

#include "tests/catch.h"
#include "tests/support/mirror.h"

using namespace tests;

TEST_CASE("the next page of a list is here, whatever host upstream names") {
    using proxy::next_page_here;
    CHECK(next_page_here("/v2/a/tags/list?n=2", "</v2/a/tags/list?n=2&last=b>; rel=\"next\"", "") ==
          "/v2/a/tags/list?n=2&last=b");
    CHECK(next_page_here("/v2/a/tags/list", "<https://quay.io/v2/x/tags/list?last=b>; rel=\"next\"", "quay.io") ==
          "/v2/a/tags/list?last=b&ns=quay.io");
    CHECK(next_page_here("/v2/a/tags/list", "", "").empty());
    CHECK(next_page_here("/v2/a/tags/list", "garbage", "").empty());
    CHECK(next_page_here("/v2/a/tags/list", "</x?y=1>; rel=\"prev\"", "").empty());
}

TEST_CASE("a tag list is passed through with its paging") {
    mirror m;
    m.origin.on("GET", "/v2/library/alpine/tags/list")
        .reply(200, {{"Link", "</v2/library/alpine/tags/list?n=2&last=b>; rel=\"next\""}},
               R"({"name":"library/alpine","tags":["a","b"]})");
    m.start();
    auto const a = m.get("/v2/docker.io/library/alpine/tags/list?n=2");
    CHECK(a.status == 200);
    CHECK(a.body == R"({"name":"library/alpine","tags":["a","b"]})");
    CHECK(a.header("Link") == "</v2/docker.io/library/alpine/tags/list?n=2&last=b>; rel=\"next\"");
    CHECK(m.origin.requests().front().query("n") == std::vector<std::string>{"2"});
}

TEST_CASE("the tags of an unknown repository are NAME_UNKNOWN") {
    mirror m;
    m.start();
    auto const a = m.get("/v2/library/none/tags/list");
    CHECK(a.status == 404);
    CHECK(a.body.find("NAME_UNKNOWN") != std::string::npos);
}

TEST_CASE("referrers are passed through from an upstream that serves them") {
    mirror m;
    auto const d = digest_of("subject");
    m.origin.on("GET", "/v2/library/alpine/referrers/" + d)
        .reply(200,
               {{"Content-Type", "application/vnd.oci.image.index.v1+json; charset=utf-8"},
                {"OCI-Filters-Applied", "artifactType"}},
               R"({"schemaVersion":2,"manifests":[]})");
    m.start();
    auto const a = m.get("/v2/library/alpine/referrers/" + d + "?artifactType=application%2Fx");
    CHECK(a.status == 200);
    CHECK(a.header("Content-Type") == "application/vnd.oci.image.index.v1+json");
    CHECK(a.header("OCI-Filters-Applied") == "artifactType");
    CHECK(m.origin.requests().front().query("artifactType") == std::vector<std::string>{"application/x"});
}

TEST_CASE("an upstream without referrers gives 404 that is not NAME_UNKNOWN, and no page elsewhere is followed") {
    mirror m;
    scripted_origin elsewhere;
    auto const d = digest_of("subject");
    auto const path = "/v2/library/alpine/referrers/" + d;
    auto const kind = GENERATE(0, 1, 2, 3);
    if (kind == 0)
        m.origin.on("GET", path).redirect(elsewhere.url("/page"), 303);
    if (kind == 1)
        m.origin.on("GET", path).reply(404);
    if (kind == 2)
        m.origin.on("GET", path).reply(400);
    if (kind == 3)
        m.origin.on("GET", path).reply(200, {{"Content-Type", "text/html"}}, "<html>");
    m.start();
    auto const a = m.get(path);
    CHECK(a.status == 404);
    CHECK(a.body.find("NAME_UNKNOWN") == std::string::npos);
    CHECK(elsewhere.requests().empty());
}
