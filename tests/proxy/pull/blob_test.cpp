#include "tests/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/mirror.h"

using namespace tests;

namespace {

std::string const repo = "library/alpine";
std::string blob_path(std::string const& d) {
    return "/v2/" + repo + "/blobs/" + d;
}

} // namespace

TEST_CASE("a blob is fetched once and then served from the store") {
    mirror m;
    auto const bytes = random_bytes(3'000'000, 1);
    auto const d = m.put_blob(repo, bytes);
    m.start();
    auto const first = m.get(blob_path(d));
    CHECK(first.status == 200);
    CHECK(first.body == bytes);
    CHECK(first.header("Cache-Status") == "layerd; fwd=miss; stored");
    CHECK(first.header("Docker-Content-Digest") == d);
    CHECK(first.header("Content-Length") == "3000000");
    auto const second = m.get(blob_path(d));
    CHECK(second.body == bytes);
    CHECK(second.header("Cache-Status") == "layerd; hit");
    CHECK(m.origin.count("GET", blob_path(d)) == 1);
}

TEST_CASE("a blob is still there after a restart") {
    mirror m;
    auto const bytes = random_bytes(200'000, 2);
    auto const d = m.put_blob(repo, bytes);
    m.start();
    m.get(blob_path(d));
    m.restart();
    auto const again = m.get(blob_path(d));
    CHECK(again.body == bytes);
    CHECK(again.header("Cache-Status") == "layerd; hit");
    CHECK(m.origin.count("GET", blob_path(d)) == 1);
}

TEST_CASE("small, empty and odd-sized blobs are served as they are") {
    mirror m;
    auto const size = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{65536},
                               std::size_t{65537}, std::size_t{262144}, std::size_t{262145});
    auto const bytes = random_bytes(size, 3);
    auto const d = m.put_blob(repo, bytes);
    m.start();
    for (int i = 0; i < 2; ++i) {
        auto const a = m.get(blob_path(d));
        CHECK(a.status == 200);
        CHECK(a.complete);
        CHECK(a.body == bytes);
        CHECK(a.header("Content-Length") == std::to_string(size));
    }
    CHECK(m.origin.count("GET", blob_path(d)) == 1);
}

TEST_CASE("a HEAD of a cold blob fetches nothing") {
    mirror m;
    auto const d = m.put_blob(repo, random_bytes(100'000, 4));
    m.start();
    auto const a = m.head(blob_path(d));
    CHECK(a.status == 200);
    CHECK(a.header("Content-Length") == "100000");
    CHECK(m.origin.count("GET", blob_path(d)) == 0);
}

TEST_CASE("where HEAD is refused, the first byte alone tells how long a blob is") {
    mirror m;
    auto const bytes = random_bytes(100'000, 11);
    auto const path = blob_path(digest_of(bytes));
    m.origin.on("HEAD", path).reply(403);
    m.origin.on("GET", path).reply(206, {{"Content-Range", "bytes 0-0/100000"}}, bytes.substr(0, 1));
    m.start();
    auto const a = m.head(path);
    CHECK(a.status == 200);
    CHECK(a.header("Content-Length") == "100000");
    CHECK(m.origin.requests(path).back().header("Range") == "bytes=0-0");
}

TEST_CASE("ranges of a stored blob are exact") {
    mirror m;
    auto const bytes = random_bytes(2048, 5);
    auto const d = m.put_blob(repo, bytes);
    m.start();
    m.get(blob_path(d));
    auto const range = [&](std::string const& r) { return m.get(blob_path(d), {{"Range", r}}); };

    auto a = range("bytes=500-1499");
    CHECK(a.status == 206);
    CHECK(a.body == bytes.substr(500, 1000));
    CHECK(a.header("Content-Range") == "bytes 500-1499/2048");
    CHECK(range("bytes=500-").body == bytes.substr(500));
    CHECK(range("bytes=-500").body == bytes.substr(1548));
    a = range("bytes=2000-5000");
    CHECK(a.body == bytes.substr(2000));
    CHECK(a.header("Content-Range") == "bytes 2000-2047/2048");
    for (auto const* bad : {"bytes=500-0", "bytes=5000-10000"}) {
        a = range(bad);
        CHECK(a.status == 416);
        CHECK(a.header("Content-Range") == "bytes */2048");
        CHECK(a.header("Cache-Status") == "layerd; detail=error");
    }
    // A client has its last byte before the server has counted it.
    CHECK(eventually([&] { return m.stats().find(R"("collapsed":0,"unstored":0,"error":2)") != std::string::npos; }));
    CHECK(range("lines=0-1").status == 200);
}

TEST_CASE("conditional requests are answered by digest") {
    mirror m;
    auto const bytes = random_bytes(5000, 6);
    auto const d = m.put_blob(repo, bytes);
    m.start();
    m.get(blob_path(d));
    auto const unchanged = m.get(blob_path(d), {{"If-None-Match", '"' + d + '"'}});
    CHECK(unchanged.status == 304);
    CHECK(unchanged.body.empty());
    CHECK(m.get(blob_path(d), {{"If-Range", "\"other\""}, {"Range", "bytes=0-9"}}).status == 200);
    CHECK(m.get(blob_path(d), {{"If-Range", '"' + d + '"'}, {"Range", "bytes=0-9"}}).status == 206);
}

TEST_CASE("who shows the digest of a blob that is not here is told that it is the same, without a download") {
    mirror m;
    auto const bytes = random_bytes(5000, 12);
    auto const d = m.put_blob(repo, bytes);
    m.put_manifest(repo, "1", image_manifest({"{}", bytes}));
    m.start();
    http_client::headers const known{{"If-None-Match", '"' + d + '"'}};
    auto const asked = m.get(blob_path(d), known);
    CHECK(asked.status == 304);
    CHECK(asked.header("Cache-Status") == "layerd; fwd=miss");
    CHECK(m.origin.count("HEAD", blob_path(d)) == 1);
    REQUIRE(m.get("/v2/" + repo + "/manifests/1").status == 200);
    CHECK(m.get(blob_path(d), known).status == 304); // the manifest has said so
    CHECK(m.origin.requests(blob_path(d)).size() == 1);
    CHECK(m.get("/v2/library/other/blobs/" + d, known).status == 404);
    CHECK(m.get(blob_path(d), {{"If-None-Match", "\"other\""}}).body == bytes);
}

TEST_CASE("a range of a cold blob is answered while the whole is fetched once") {
    mirror m;
    auto const bytes = random_bytes(1'000'000, 7);
    auto const d = m.put_blob(repo, bytes);
    m.start();
    auto const a = m.get(blob_path(d), {{"Range", "bytes=700000-"}});
    CHECK(a.status == 206);
    CHECK(a.body == bytes.substr(700'000));
    CHECK(m.get(blob_path(d)).body == bytes);
    CHECK(m.origin.count("GET", blob_path(d)) == 1);
}

TEST_CASE("one layer asked through two repositories is one download and one question") {
    mirror m;
    auto const bytes = random_bytes(400'000, 8);
    auto const d = m.put_blob(repo, bytes);
    m.put_blob("library/debian", bytes);
    m.start();
    m.get(blob_path(d));
    auto const other = m.get("/v2/library/debian/blobs/" + d);
    CHECK(other.body == bytes);
    CHECK(other.header("Cache-Status") == "layerd; hit; detail=access-checked");
    CHECK(m.get("/v2/library/debian/blobs/" + d).header("Cache-Status") == "layerd; hit");
    CHECK(m.origin.count("GET", "/v2/library/debian/blobs/" + d) == 0);
    CHECK(m.origin.count("HEAD", "/v2/library/debian/blobs/" + d) == 1);
}

TEST_CASE("a layer that is here and that a manifest names is shown without a question") {
    mirror m;
    auto const bytes = random_bytes(100'000, 10);
    auto const d = m.put_blob(repo, bytes);
    m.put_manifest("library/debian", "1", image_manifest({"{}", bytes}));
    m.start();
    m.get(blob_path(d));
    REQUIRE(m.get("/v2/library/debian/manifests/1").status == 200);
    CHECK(m.get("/v2/library/debian/blobs/" + d).header("Cache-Status") == "layerd; hit");
    CHECK(m.origin.requests("/v2/library/debian/blobs/" + d).empty());
}

TEST_CASE("a digest alone opens nothing: a repository that lacks the blob does not show it") {
    mirror m;
    auto const d = m.put_blob(repo, random_bytes(100'000, 9));
    m.start();
    m.get(blob_path(d));
    auto const a = m.get("/v2/library/other/blobs/" + d);
    CHECK(a.status == 404);
    CHECK(a.body.find("BLOB_UNKNOWN") != std::string::npos);
}
