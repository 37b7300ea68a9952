// Clients that take several parts of a layer with one request.
#include "oci/byte_range.h"
#include "tests/catch.h"
#include "tests/support/mirror.h"

using namespace tests;

namespace {

std::string const repo = "library/alpine";
std::string blob_path(std::string const& d) {
    return "/v2/" + repo + "/blobs/" + d;
}

// The parts of a multipart/byteranges answer as "Content-Range: body", after RFC 9110 §14.6.
std::vector<std::pair<std::string, std::string>> parts_of(http_answer const& a) {
    std::string const type = a.header("Content-Type"), prefix = "multipart/byteranges; boundary=";
    REQUIRE(type.starts_with(prefix));
    auto const mark = "\r\n--" + type.substr(prefix.size());
    auto rest = "\r\n" + a.body;
    std::vector<std::pair<std::string, std::string>> parts;
    REQUIRE(rest.starts_with(mark + "\r\n"));
    while (!rest.starts_with(mark + "--\r\n")) {
        REQUIRE(rest.starts_with(mark + "\r\n"));
        auto const head_end = rest.find("\r\n\r\n", mark.size());
        auto const head = rest.substr(0, head_end + 2);
        CHECK(head.find("Content-Type: application/octet-stream\r\n") != std::string::npos);
        auto const at = head.find("Content-Range: ") + 15;
        auto const next = rest.find(mark, head_end + 4);
        REQUIRE(next != std::string::npos);
        parts.emplace_back(head.substr(at, head.find("\r\n", at) - at), rest.substr(head_end + 4, next - head_end - 4));
        rest = rest.substr(next);
    }
    CHECK(rest == mark + "--\r\n");
    return parts;
}

} // namespace

TEST_CASE("several ranges come in one answer, in the order asked for, from the store and from a running fill") {
    mirror m;
    auto const bytes = random_bytes(300'000, 2);
    auto const d = m.put_blob(repo, bytes);
    m.start();
    if (GENERATE(true, false))
        m.get(blob_path(d));
    auto const a = m.get(blob_path(d), {{"Range", "bytes=5-9, 299990-, 100000-199999"}});
    CHECK(a.status == 206);
    CHECK(a.complete);
    CHECK(a.header("Content-Length") == std::to_string(a.body.size()));
    CHECK(a.header("Content-Range").empty());
    auto const parts = parts_of(a);
    REQUIRE(parts.size() == 3);
    CHECK(parts[0] == std::pair<std::string, std::string>("bytes 5-9/300000", bytes.substr(5, 5)));
    CHECK(parts[1] == std::pair<std::string, std::string>("bytes 299990-299999/300000", bytes.substr(299'990)));
    CHECK(parts[2].first == "bytes 100000-199999/300000");
    CHECK((parts[2].second == bytes.substr(100'000, 100'000)));
    CHECK(m.origin.count("GET", blob_path(d)) == 1);
}

TEST_CASE("several ranges of a small blob come in one answer") {
    mirror m;
    auto const bytes = random_bytes(2048, 3);
    auto const d = m.put_blob(repo, bytes);
    m.start();
    m.get(blob_path(d));
    auto const parts = parts_of(m.get(blob_path(d), {{"Range", "bytes=-1,0-0"}}));
    REQUIRE(parts.size() == 2);
    CHECK(parts[0].second == bytes.substr(2047));
    CHECK(parts[1].second == bytes.substr(0, 1));
}

TEST_CASE("ranges that overlap, or more than the limit, are answered with the whole") {
    mirror m;
    auto const bytes = random_bytes(20'000, 4);
    auto const d = m.put_blob(repo, bytes);
    m.start();
    std::string many = "bytes=0-0";
    for (std::size_t i = 1; i <= oci::max_ranges; ++i)
        many += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
    for (auto const& field : {std::string("bytes=0-10,5-15"), many}) {
        auto const a = m.get(blob_path(d), {{"Range", field}});
        CHECK(a.status == 200);
        CHECK(a.body == bytes);
    }
}
