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
    CHECK(next_page_here("/v2/a/tags/list", "</v2/x/tags/list?ns=ghcr.io&last=b c#top>; rel=\"next\"", "quay.io") ==
          "/v2/a/tags/list?last=b%20c&ns=quay.io");
    CHECK(next_page_here("/v2/a/tags/list", "</v2/x/tags/list?n%73=ghcr.io&%6Es=b&n=1>; rel=\"next\"", "") ==
          "/v2/a/tags/list?n=1");
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

TEST_CASE("a page leads to the next one whatever upstream calls its cursor") {
    mirror m;
    m.origin.on("GET", "/v2/team/app/tags/list").call([](recorded_request const& r) {
        auto const cursor = r.query("next_page");
        if (cursor.empty())
            return reply(200)
                .header("Link", "<https://quay.io/v2/team/app/tags/list?n=1&next_page=a%2Bb%3D+~>; rel=\"next\"")
                .body(R"({"tags":["a"]})");
        return reply(200).body(R"({"tags":["b"]})");
    });
    m.start();
    auto const first = m.get("/v2/team/app/tags/list?n=1&ns=docker.io");
    auto const link = first.header("Link");
    auto const second = m.get(link.substr(1, link.find('>') - 1));
    CHECK(second.body == R"({"tags":["b"]})");
    CHECK(second.header("Link").empty());
    CHECK(m.origin.requests().at(0).target == "/v2/team/app/tags/list?n=1");
    CHECK(m.origin.requests().at(1).target == "/v2/team/app/tags/list?n=1&next_page=a%2Bb%3D+~");
}

TEST_CASE("a list goes out while it comes in, with its length and without") {
    mirror m;
    std::string const list = R"({"name":"library/alpine","tags":[")" + std::string(300'000, 'a') + "\"]}";
    auto const flow = gate::closed();
    flow->allow(100'000);
    m.origin.on("GET", "/v2/library/alpine/tags/list").reply(reply(200).body(list).hold_body(flow));
    m.origin.on("GET", "/v2/library/busybox/tags/list").reply(reply(200).body(list).chunked());
    m.start();
    http_client c(m.server->port());
    c.send_get("/v2/library/alpine/tags/list");
    auto const head = c.read_raw_until("\r\n\r\n");
    CHECK(head.find("Content-Length: " + std::to_string(list.size())) != std::string::npos);
    c.read_raw_at_least(head.find("\r\n\r\n") + 4 + 100'000);
    flow->open();
    CHECK(c.read_raw_at_least(head.find("\r\n\r\n") + 4 + list.size()).ends_with(list));
    CHECK(m.get("/v2/library/busybox/tags/list").body == list);
    CHECK(m.head("/v2/library/busybox/tags/list").header("Content-Length") == std::to_string(list.size()));
}

TEST_CASE("a list that must be held for a client that takes no chunks is bounded") {
    mirror m;
    std::string const list(1024 * 1024, 'a');
    m.origin.on("GET", "/v2/library/alpine/tags/list").reply(reply(200).body(list).chunked());
    m.origin.on("GET", "/v2/library/busybox/tags/list").reply(reply(200).body(list + "a").chunked());
    m.start();
    auto const ask = [&](std::string const& repo) {
        http_client c(m.server->port());
        c.send_raw("GET /v2/library/" + repo + "/tags/list HTTP/1.0\r\n\r\n");
        return c.read_raw_to_end();
    };
    CHECK(ask("alpine").ends_with("\r\n\r\n" + list));
    CHECK(ask("busybox").starts_with("HTTP/1.1 502 "));
    CHECK(m.get("/v2/library/busybox/tags/list").body == list + "a");
    CHECK(m.head("/v2/library/busybox/tags/list").header("Content-Length") == std::to_string(list.size() + 1));
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
