#include "oci/route.h"
#include "tests/catch.h"

using oci::errc;
using oci::parse_route;

namespace {

const std::string digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

struct endpoint_text {
    std::string operator()(oci::ping_endpoint const&) const { return "ping"; }
    std::string operator()(oci::catalog_endpoint const&) const { return "catalog"; }
    std::string operator()(oci::manifest_endpoint const& e) const { return "manifest " + to_string(e.ref); }
    std::string operator()(oci::blob_endpoint const& e) const { return "blob " + e.digest.to_string(); }
    std::string operator()(oci::tags_endpoint const&) const { return "tags"; }
    std::string operator()(oci::referrers_endpoint const& e) const { return "referrers " + e.digest.to_string(); }
    std::string operator()(oci::upload_start_endpoint const&) const { return "start"; }
    std::string operator()(oci::upload_endpoint const& e) const { return "upload " + e.session; }
};

// "prefix|repository|endpoint", or the code of the error.
std::string parsed(std::string_view target) {
    auto const r = parse_route(target);
    if (!r)
        return std::string(to_string(r.error().code));
    return r->prefix + "|" + (r->repo ? r->repo->name() : "") + "|" + std::visit(endpoint_text{}, r->endpoint);
}

std::string queried(std::string_view query) {
    auto const r = parse_route("/v2/?" + std::string(query));
    if (!r)
        return std::string(to_string(r.error().code));
    std::string out;
    for (auto const& [key, value] : r->query.items)
        out += "[" + key + "|" + value + "]";
    return out;
}

} // namespace

TEST_CASE("the base of the API is a ping, with or without a slash") {
    CHECK(parsed("/v2/") == "||ping");
    CHECK(parsed("/v2") == "||ping");
    CHECK(parsed("/v2?x=y") == "||ping");
    CHECK(parsed("/ghcr.io/v2/") == "ghcr.io||ping");
    CHECK(parsed("/ghcr.io/v2") == "ghcr.io||ping");
}

TEST_CASE("each endpoint of the API is recognised") {
    CHECK(parsed("/v2/_catalog?n=5") == "||catalog");
    CHECK(parsed("/v2/library/alpine/manifests/3.19") == "|library/alpine|manifest 3.19");
    CHECK(parsed("/v2/library/alpine/manifests/" + digest) == "|library/alpine|manifest " + digest);
    CHECK(parsed("/v2/library/alpine/blobs/" + digest) == "|library/alpine|blob " + digest);
    CHECK(parsed("/v2/a/tags/list") == "|a|tags");
    CHECK(parsed("/v2/a/referrers/" + digest) == "|a|referrers " + digest);
    CHECK(parsed("/v2/a/blobs/uploads/") == "|a|start");
    CHECK(parsed("/v2/a/blobs/uploads") == "|a|start");
    CHECK(parsed("/v2/a/blobs/uploads/0b5e-4a_f.2~") == "|a|upload 0b5e-4a_f.2~");
}

TEST_CASE("a repository may be named like a part of the API") {
    CHECK(parsed("/v2/team/blobs/app/manifests/latest") == "|team/blobs/app|manifest latest");
    CHECK(parsed("/v2/x/manifests/manifests/latest") == "|x/manifests|manifest latest");
    CHECK(parsed("/v2/blobs/uploads/blobs/" + digest) == "|blobs/uploads|blob " + digest);
    CHECK(parsed("/v2/a/blobs/uploads/manifests/latest") == "|a/blobs/uploads|manifest latest");
    CHECK(parsed("/v2/a/blobs/uploads/tags/list") == "|a/blobs/uploads|tags");
    CHECK(parsed("/v2/tags/list/tags/list") == "|tags/list|tags");
    CHECK(parsed("/v2/referrers/blobs/uploads/") == "|referrers|start");
    CHECK(parsed("/v2/a/manifests/uploads") == "|a|manifest uploads");
    CHECK(parsed("/v2/a/tags/blobs/uploads/list") == "|a/tags|upload list");
}

TEST_CASE("one component before the first /v2/ is the prefix") {
    CHECK(parsed("/ghcr.io/v2/a/b/tags/list") == "ghcr.io|a/b|tags");
    CHECK(parsed("/localhost:5000/v2/a/tags/list") == "localhost:5000|a|tags");
    CHECK(parsed("/[::1]:5000/v2/a/tags/list") == "[::1]:5000|a|tags");
    CHECK(parsed("/host_5000/v2/a/tags/list") == "host_5000|a|tags");
    CHECK(parsed("/v2/v2/tags/list") == "|v2|tags");
    CHECK(parsed("/v2/a/v2/tags/list") == "|a/v2|tags");
    CHECK(parsed("/x/v2/v2/tags/list") == "x|v2|tags");
    CHECK(parsed("/a/b/v2/c/tags/list") == "NAME_UNKNOWN");
    CHECK(parsed("/gh cr/v2/a/tags/list") == "NAME_INVALID");
    CHECK(parsed("/" + std::string(256, 'a') + "/v2/a/tags/list") == "NAME_INVALID");
}

TEST_CASE("escapes are decoded once, before the path is matched") {
    CHECK(parsed("/v2/library%2Falpine/blobs/sha256%3a" + digest.substr(7)) == "|library/alpine|blob " + digest);
    CHECK(parsed("/%76%32/a/t%61gs/list") == "|a|tags");
    CHECK(parsed("/v2/a%252fb/tags/list") == "NAME_INVALID");
    CHECK(parsed("/v2/a%2/tags/list") == "NAME_INVALID");
    CHECK(parsed("/v2/a/tags/list%") == "NAME_INVALID");
    CHECK(parsed("/v2/a%zz/tags/list") == "NAME_INVALID");
}

TEST_CASE("a malformed path is NAME_INVALID") {
    for (std::string_view target :
         {"//", "http://host/v2/", "//v2/a/tags/list", "/v2//a/tags/list", "/v2/a//tags/list", "/v2/a/blobs/uploads//",
          "/v2/../a/tags/list", "/v2/a/../b/tags/list", "/v2/a/./tags/list", "/../v2/", "/v2/..", "/v2/.",
          "/v2/a/%2e%2e/tags/list", "/v2/a/%2E./tags/list", "/v2/a%2f%2fb/tags/list", "/v2/a%00/tags/list",
          "/v2/a/manifests/x%0d%0a", "/v2/a\x01/tags/list", "/v2/a/tags/list\x7f"})
        CHECK(parsed(target) == "NAME_INVALID");
}

TEST_CASE("a repository outside the grammar is NAME_INVALID") {
    CHECK(parsed("/v2/Library/alpine/tags/list") == "NAME_INVALID");
    CHECK(parsed("/v2/tags/list") == "NAME_INVALID");
    CHECK(parsed("/v2/manifests/latest") == "NAME_INVALID");
    CHECK(parsed("/v2/blobs/uploads/") == "NAME_INVALID");
    CHECK(parsed("/v2/localhost:5000/a/tags/list") == "NAME_INVALID");
    CHECK(parsed("/v2/" + std::string(256, 'a') + "/tags/list") == "NAME_INVALID");
    CHECK(parsed("/v2/\xc3\xa9/tags/list") == "NAME_INVALID");
}

TEST_CASE("a malformed digest is DIGEST_INVALID wherever one belongs") {
    CHECK(parsed("/v2/a/blobs/sha256:bad") == "DIGEST_INVALID");
    CHECK(parsed("/v2/a/blobs/latest") == "DIGEST_INVALID");
    CHECK(parsed("/v2/a/referrers/latest") == "DIGEST_INVALID");
    CHECK(parsed("/v2/a/manifests/sha256:baddigeststring") == "DIGEST_INVALID");
}

TEST_CASE("a malformed tag is an unknown manifest, and a malformed session an unknown upload") {
    CHECK(parsed("/v2/a/manifests/.INVALID_MANIFEST_NAME") == "MANIFEST_UNKNOWN");
    CHECK(parsed("/v2/a/manifests/" + std::string(129, 'a')) == "MANIFEST_UNKNOWN");
    CHECK(parsed("/v2/a/blobs/uploads/a:b") == "BLOB_UPLOAD_UNKNOWN");
    CHECK(parsed("/v2/a/blobs/uploads/" + std::string(257, 'a')) == "BLOB_UPLOAD_UNKNOWN");
}

TEST_CASE("an extension of the API is UNSUPPORTED") {
    CHECK(parsed("/v2/_oci/ext/discover") == "UNSUPPORTED");
    CHECK(parsed("/v2/_catalog/") == "UNSUPPORTED");
    CHECK(parsed("/v2/_x/tags/list") == "UNSUPPORTED");
    CHECK(parsed("/v2/a/_oci/ext/discover") == "UNSUPPORTED");
    CHECK(parsed("/v2/a/manifests/_x") == "|a|manifest _x");
}

TEST_CASE("what is no path of the API is NAME_UNKNOWN") {
    for (std::string_view target : {"", "/", "*", "/healthz", "/v1/", "/v2x", "/V2/", "v2/", "/v2/a", "/v2/a/",
                                    "/v2/a/b", "/v2/a/tags", "/v2/a/tags/", "/v2/a/tags/list/", "/v2/a/tags/all",
                                    "/v2/a/manifests/", "/v2/a/blobs/", "/v2/a/uploads/x", "/?/v2/a/tags/list"})
        CHECK(parsed(target) == "NAME_UNKNOWN");
}

TEST_CASE("query parameters are decoded once and kept in order") {
    CHECK(queried("ns=docker.io") == "[ns|docker.io]");
    CHECK(queried("digest=sha256%3Aabc&from=library%2Fx") == "[digest|sha256:abc][from|library/x]");
    CHECK(queried("mount=sha256:abc&from=library/x") == "[mount|sha256:abc][from|library/x]");
    CHECK(queried("tag=b&tag=a&x") == "[tag|b][tag|a][x|]");
    CHECK(queried("a=1+2%2B3") == "[a|1+2+3]");
    CHECK(queried("a=b=c&&=d&") == "[a|b=c][|d]");
    CHECK(queried("a=%2526&b=?") == "[a|%26][b|?]");
    CHECK(queried("") == "");
}

TEST_CASE("a percent sign in a query that starts no escape is kept") {
    CHECK(queried("a=100%&b=%zz&c=%4") == "[a|100%][b|%zz][c|%4]");
}

TEST_CASE("a query with control bytes is NAME_INVALID") {
    CHECK(queried("ns=docker.io%0d%0aX:y") == "NAME_INVALID");
    CHECK(queried("a%00=b") == "NAME_INVALID");
    CHECK(queried("a=\x1f") == "NAME_INVALID");
}

TEST_CASE("the first parameter of a name is found") {
    auto const r = parse_route("/v2/?n=1&n=2&last=");
    CHECK(r->query.find("n") == "1");
    CHECK(r->query.find("last") == "");
    CHECK_FALSE(r->query.find("ns"));
}

TEST_CASE("a target has at most 8192 bytes and 256 parameters") {
    std::string const target = "/v2/?a=";
    CHECK(parsed(target + std::string(oci::max_target_size - target.size(), 'x')) == "||ping");
    CHECK(parsed(target + std::string(oci::max_target_size - target.size() + 1, 'x')) == "URI_TOO_LONG");
    std::string many;
    for (std::size_t i = 0; i < oci::max_query_items; ++i)
        many += "a&";
    CHECK(parse_route("/v2/?" + many)->query.items.size() == oci::max_query_items);
    CHECK(queried(many + "a") == "URI_TOO_LONG");
}
