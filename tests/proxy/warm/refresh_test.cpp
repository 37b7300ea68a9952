// Upstream is asked what a tag is now, whatever its ttl.
#include "tests/catch.h"
#include "tests/support/pulling_mirror.h"

using namespace tests;

namespace {

std::string const repo = "library/app", path = "/v2/library/app/manifests/1";

struct moving : pulling_mirror {
    image const first = make(1);
    std::shared_ptr<moving_tag> const tag = put_moving(repo, "1", first);

    boost::json::object refresh(char const* name) const {
        auto const a = post("/api/v1/refresh", {{"image", name}});
        auto document = boost::json::parse(a.body).as_object();
        document["status"] = a.status;
        return document;
    }
};

} // namespace

TEST_CASE("a tag that has not moved is asked about, though it is fresh") {
    moving m;
    m.start();
    m.get(path);
    m.origin.forget_requests();
    auto const r = m.refresh("app:1");
    CHECK(r.at("status") == 200);
    CHECK(r.at("refreshed") == "docker.io/library/app:1");
    CHECK(r.at("moved") == false);
    CHECK(r.at("digest") == digest_of(m.first.manifest).c_str());
    CHECK(r.at("before") == r.at("digest"));
    CHECK(m.origin.requests().size() == 1);
    CHECK(m.origin.count("HEAD", path) == 1);
}

TEST_CASE("a tag that has moved is served as it is now, at once") {
    moving m;
    m.start();
    m.get(path);
    auto const next = m.make(20);
    m.move(repo, *m.tag, next);
    CHECK(m.get(path).body == m.first.manifest);
    auto const r = m.refresh("app:1");
    CHECK(r.at("moved") == true);
    CHECK(r.at("before") == digest_of(m.first.manifest).c_str());
    CHECK(r.at("digest") == digest_of(next.manifest).c_str());
    m.origin.forget_requests();
    auto const a = m.get(path);
    CHECK(a.body == next.manifest);
    CHECK(a.header("Cache-Status") == "layerd; hit");
    CHECK(m.origin.requests().empty());
}

TEST_CASE("a tag that was not known is known then") {
    moving m;
    m.start();
    auto const r = m.refresh("app:1");
    CHECK(r.at("moved") == false);
    CHECK(r.at("before").is_null());
    CHECK(m.origin.count("GET", path) == 0);
}

TEST_CASE("what cannot be refreshed says why") {
    moving m;
    m.start();
    CHECK(m.refresh("app:2").at("error") == "no manifest '2' at upstream");
    auto const by_digest = "app@" + digest_of(m.first.manifest);
    CHECK(m.refresh(by_digest.c_str()).at("status") == 400);
    CHECK(m.refresh("local/app:1").at("status") == 400);
    CHECK(m.refresh("quay.io/a:1").at("status") == 404);
    CHECK(m.refresh("").at("status") == 400);
    m.origin.go_down();
    CHECK(m.refresh("app:1").at("status") == 502);
    CHECK(m.admin_get("/api/v1/refresh").status == 405);
}
