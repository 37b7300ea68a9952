// What the distribution specification and its conformance suites demand of manifests, for every kind of content that
// clients push, and of what is sent in a manifest's place.
#include "oci/manifest.h"
#include "tests/catch.h"
#include "tests/support/pusher.h"

#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/algorithm/string/trim.hpp>

using namespace tests;

namespace {

// As the specification's suite asks: two lines of which one fits.
http_client::headers const accepted{{"Accept", media::index}, {"Accept", media::image}};

void check_readable(pusher const& p, std::string const& repo, std::string const& reference, content const& m) {
    auto const a = p.get(manifest_path(repo, reference), accepted);
    CHECK(a.status == 200);
    CHECK((a.body == m.bytes)); // not shown: some have megabytes
    auto const head = p.ask("HEAD", manifest_path(repo, reference), accepted);
    CHECK(head.status == 200);
    for (auto const& answer : {a, head}) {
        CHECK(answer.header("Content-Type") == m.type);
        CHECK(answer.header("Content-Length") == std::to_string(m.bytes.size()));
        CHECK(answer.header("Docker-Content-Digest") == m.digest.to_string());
    }
}

void check_absent(pusher const& p, std::string const& repo, std::string const& reference) {
    CHECK(refusal(p.get(manifest_path(repo, reference), accepted)) == "404 MANIFEST_UNKNOWN");
    CHECK(p.ask("HEAD", manifest_path(repo, reference), accepted).status == 404);
}

void check_stored(pusher const& p, http_answer const& a, content const& m) {
    CHECK(a.status == 201);
    CHECK(a.header("Docker-Content-Digest") == m.digest.to_string());
    CHECK(a.header("Content-Length") == "0");
    auto const location = a.header("Location");
    CHECK(location.starts_with("/v2/"));
    CHECK((p.get(location, accepted).body == m.bytes));
}

// The tags that were taken, from all OCI-Tag fields.
std::vector<std::string> taken_tags(http_answer const& a) {
    std::vector<std::string> out;
    for (auto const& field : a.headers("OCI-Tag")) {
        std::vector<std::string> parts;
        boost::split(parts, field, boost::is_any_of(","));
        for (auto& tag : parts)
            out.push_back(boost::trim_copy(tag));
    }
    std::sort(out.begin(), out.end());
    return out;
}

// An image whose blobs are here.
content pushed_image(pusher const& p, std::string const& repo, unsigned seed,
                     oci::algorithm a = oci::algorithm::sha256) {
    auto const config = random_blob(300, seed, a), layer = random_blob(700, seed + 1, a);
    p.push(repo, config);
    p.push(repo, layer);
    return image(config, {layer}, {}, a);
}

} // namespace

TEST_CASE("content of every kind is taken, in chunks and by digest, then by its tags") {
    pusher const p;
    for (auto const& set : content_sets()) {
        INFO(set.name);
        for (auto const& b : set.blobs)
            p.push(app, b);
        for (auto const& m : set.manifests) {
            auto const target = manifest_path(app, m.digest.to_string());
            check_stored(p, p.ask_in_chunks("PUT", target, {{"Content-Type", m.type}}, m.bytes), m);
        }
        for (auto const& [tag, m] : set.tags)
            check_stored(p, p.ask_in_chunks("PUT", manifest_path(app, tag), {{"Content-Type", m.type}}, m.bytes), m);
    }
}

TEST_CASE("content of every kind is read as it was pushed, by digest and by tag") {
    pusher const p;
    for (auto const& set : content_sets()) {
        INFO(set.name);
        p.push(app, set);
        for (auto const& m : set.manifests)
            check_readable(p, app, m.digest.to_string(), m);
        for (auto const& [tag, m] : set.tags)
            check_readable(p, app, tag, m);
        for (auto const& b : set.blobs)
            CHECK((p.get(blob_path(app, b)).body == b.bytes));
    }
}

TEST_CASE("content that a pushed manifest names and nobody pushed is not there") {
    pusher const p;
    for (auto const& set : content_sets()) {
        INFO(set.name);
        p.push(app, set);
        for (auto const& c : set.absent) {
            CHECK(p.head(blob_path(app, c)).status == 404);
            check_absent(p, app, c.digest.to_string());
        }
    }
}

TEST_CASE("content of every kind is still there after a restart") {
    pusher p;
    auto const sets = content_sets();
    for (auto const& set : sets)
        p.push(app, set);
    p.restart();
    for (auto const& set : sets) {
        INFO(set.name);
        for (auto const& m : set.manifests)
            check_readable(p, app, m.digest.to_string(), m);
        for (auto const& [tag, m] : set.tags)
            check_readable(p, app, tag, m);
    }
}

TEST_CASE("content of every kind is deleted at once: tags, manifests from the top, blobs") {
    pusher const p;
    for (auto const& set : content_sets()) {
        INFO(set.name);
        p.push(app, set);
        for (auto const& [tag, m] : set.tags) {
            CHECK(p.ask("DELETE", manifest_path(app, tag)).status == 202);
            check_absent(p, app, tag);
            check_readable(p, app, m.digest.to_string(), m);
        }
        for (auto m = set.manifests.rbegin(); m != set.manifests.rend(); ++m) {
            CHECK(p.ask("DELETE", manifest_path(app, m->digest.to_string())).status == 202);
            check_absent(p, app, m->digest.to_string());
        }
        for (auto const& b : set.blobs) {
            CHECK(p.ask("DELETE", blob_path(app, b)).status == 202);
            CHECK(p.head(blob_path(app, b)).status == 404);
        }
    }
}

TEST_CASE("content of every kind may be pushed again after it was deleted") {
    pusher const p;
    for (auto const& set : content_sets()) {
        INFO(set.name);
        for (int round = 0; round < 2; ++round) {
            p.push(app, set);
            for (auto const& m : set.manifests) {
                check_readable(p, app, m.digest.to_string(), m);
                CHECK(p.ask("DELETE", manifest_path(app, m.digest.to_string())).status == 202);
            }
        }
    }
}

TEST_CASE("a manifest with a subject is answered with the subject's digest") {
    pusher const p;
    auto const sets = content_sets();
    for (auto const& set : sets)
        for (auto const& m : set.manifests) {
            INFO(set.name << ' ' << m.bytes.substr(0, 1000));
            auto const a = p.put_manifest(app, m.digest.to_string(), m);
            CHECK(a.status == 201);
            auto const refers = std::any_of(set.referrers.begin(), set.referrers.end(),
                                            [&](content const& r) { return r.digest == m.digest; });
            auto const subject = set.absent.empty() ? set.tags.empty() ? "" : set.tags[0].second.digest.to_string()
                                                    : set.absent[0].digest.to_string();
            CHECK(a.header("OCI-Subject") == (refers ? subject : ""));
        }
}

TEST_CASE("several tags may name one manifest") {
    pusher const p;
    auto const m = pushed_image(p, app, 100);
    for (auto const* tag : {"test0", "test1", "test2", "test3"})
        check_stored(p, p.put_manifest(app, tag, m), m);
    for (auto const* tag : {"test0", "test1", "test2", "test3"})
        check_readable(p, app, tag, m);
    check_readable(p, app, m.digest.to_string(), m);
}

TEST_CASE("tags of every form that the grammar allows are taken") {
    pusher const p;
    auto const m = pushed_image(p, app, 101);
    for (auto const& tag : {std::string("_"), std::string("0"), std::string("A.b-c_D"), std::string(128, 'x')}) {
        check_stored(p, p.put_manifest(app, tag, m), m);
        check_readable(p, app, tag, m);
    }
}

TEST_CASE("a tag that is pushed again means the newer manifest, and the older one stays") {
    pusher const p;
    auto const first = pushed_image(p, app, 110), second = pushed_image(p, app, 120);
    p.push_manifest(app, "latest", first);
    p.push_manifest(app, "latest", second);
    check_readable(p, app, "latest", second);
    check_readable(p, app, first.digest.to_string(), first);
}

TEST_CASE("a manifest without layers and without a media type of its own is taken") {
    pusher const p;
    auto const config = random_blob(300, 130);
    p.push(app, config);
    auto const m = document({{"schemaVersion", 2}, {"config", config.descriptor()}, {"layers", boost::json::array{}}},
                            media::image);
    check_stored(p, p.put_manifest(app, "emptylayer", m), m);
    check_readable(p, app, m.digest.to_string(), m);
    check_readable(p, app, "emptylayer", m);
}

TEST_CASE("a manifest sent without a type, or with parameters behind it, has the type of its document") {
    pusher const p;
    for (auto const& m : {index({}), pushed_image(p, app, 140)})
        for (auto const& h : {http_client::headers{}, {{"Content-Type", m.type + "; charset=utf-8"}}}) {
            CHECK(p.ask("PUT", manifest_path(app, "latest"), h, m.bytes).status == 201);
            check_readable(p, app, "latest", m);
        }
}

TEST_CASE("a document's shape tells its type if nothing else does") {
    pusher const p;
    auto const config = random_blob(300, 150);
    p.push(app, config);
    boost::json::object const as_image{
        {"schemaVersion", 2}, {"config", config.descriptor()}, {"layers", boost::json::array{}}};
    boost::json::object const as_index{{"schemaVersion", 2}, {"manifests", boost::json::array{}}};
    for (auto const& m : {document(as_image, media::image), document(as_index, media::index)}) {
        CHECK(p.ask("PUT", manifest_path(app, "latest"), {}, m.bytes).status == 201);
        check_readable(p, app, "latest", m);
    }
}

TEST_CASE("a document without a type that is sent as another kind than it looks like is refused") {
    pusher const p;
    auto const config = random_blob(300, 155);
    p.push(app, config);
    boost::json::object const as_image{
        {"schemaVersion", 2}, {"config", config.descriptor()}, {"layers", boost::json::array{}}};
    for (auto const type : {oci::media_type::docker_schema1, oci::media_type::oci_index}) {
        auto const m = document(as_image, std::string(type));
        CHECK(refusal(p.put_manifest(app, "latest", m)) == "400 MANIFEST_INVALID");
        check_absent(p, app, m.digest.to_string());
    }
    auto const unknown = document(as_image, "application/vnd.example.v1+json"); // may mean what it likes
    check_stored(p, p.put_manifest(app, "latest", unknown), unknown);
    check_readable(p, app, "latest", unknown);
}

TEST_CASE("a manifest is answered whatever types a client accepts") {
    pusher const p;
    auto const m = pushed_image(p, app, 160);
    p.push_manifest(app, "latest", m);
    for (auto const& h : {http_client::headers{}, http_client::headers{{"Accept", "*/*"}},
                          http_client::headers{{"Accept", media::image + ", " + media::index}}})
        CHECK(p.get(manifest_path(app, "latest"), h).body == m.bytes);
}

TEST_CASE("a manifest that a client has already is not sent again") {
    pusher const p;
    auto const m = pushed_image(p, app, 170);
    p.push_manifest(app, "latest", m);
    auto const a = p.get(manifest_path(app, "latest"), {{"If-None-Match", '"' + m.digest.to_string() + '"'}});
    CHECK(a.status == 304);
    CHECK(a.body.empty());
}

TEST_CASE("a push by digest sets all the tags of its parameters and names them") {
    pusher const p;
    for (auto const& m : {pushed_image(p, app, 180), pushed_image(p, app, 182, oci::algorithm::sha512)}) {
        auto target = manifest_path(app, m.digest.to_string());
        std::vector<std::string> tags;
        for (int i = 0; i < 12; ++i) {
            tags.push_back("v1." + std::to_string(i));
            target = with(target, "tag=" + tags.back());
        }
        std::sort(tags.begin(), tags.end());
        auto const a = p.ask("PUT", target, {{"Content-Type", m.type}}, m.bytes);
        check_stored(p, a, m);
        CHECK(taken_tags(a) == tags);
        for (auto const& tag : tags)
            check_readable(p, app, tag, m); // by the digest it was pushed by, whichever algorithm that is
    }
}

TEST_CASE("a set whose manifests are tagged by parameters is read by every tag") {
    pusher const p;
    for (auto const algorithm : {oci::algorithm::sha256, oci::algorithm::sha512}) {
        auto const amd64 = pushed_image(p, app, 190, algorithm), arm64 = pushed_image(p, app, 200, algorithm);
        int n = 0;
        for (auto const& m : {amd64, arm64, index({amd64, arm64}, {}, algorithm)}) {
            auto const tag = std::string(to_string(algorithm)) + '-' + std::to_string(n++);
            auto const target = with(manifest_path(app, m.digest.to_string()), "tag=" + tag);
            CHECK(taken_tags(p.ask("PUT", target, {{"Content-Type", m.type}}, m.bytes)) == std::vector{tag});
            check_readable(p, app, tag, m);
            check_readable(p, app, m.digest.to_string(), m);
        }
    }
}

TEST_CASE("a tag moves from a digest of one algorithm to that of another") {
    pusher const p;
    auto const m = pushed_image(p, app, 210);
    auto const same = blob(m.bytes, m.type, oci::algorithm::sha512);
    p.push_manifest(app, "latest", m);
    CHECK(p.put_manifest(app, same.digest.to_string() + "?tag=latest", same).status == 201);
    check_readable(p, app, "latest", same);
    check_readable(p, app, m.digest.to_string(), m);
}

TEST_CASE("too many tags at once are refused") {
    pusher const p;
    auto const m = pushed_image(p, app, 220);
    std::string target = manifest_path(app, m.digest.to_string());
    for (int i = 0; i < 400; ++i)
        target = with(target, "tag=t" + std::to_string(i));
    auto const a = p.ask("PUT", target, {{"Content-Type", m.type}}, m.bytes);
    CHECK((a.status == 414 || a.status == 431));
    check_absent(p, app, m.digest.to_string());
}

TEST_CASE("a tag parameter outside the grammar is refused and sets no tag") {
    pusher const p;
    auto const m = pushed_image(p, app, 230);
    auto const target = manifest_path(app, m.digest.to_string()) + "?tag=fine&tag=.not";
    CHECK(p.ask("PUT", target, {{"Content-Type", m.type}}, m.bytes).status == 400);
    check_absent(p, app, "fine");
}

TEST_CASE("a manifest that does not have the digest it is pushed by is refused and not kept") {
    pusher const p;
    for (auto const& m : {pushed_image(p, app, 240), pushed_image(p, app, 242, oci::algorithm::sha512)}) {
        auto const d = m.digest.to_string();
        CHECK(refusal(p.ask("PUT", manifest_path(app, d), {{"Content-Type", m.type}}, m.bytes + "  ")) ==
              "400 DIGEST_INVALID");
        check_absent(p, app, d);
    }
}

TEST_CASE("a manifest that was never pushed is unknown") {
    pusher const p;
    for (bool const other_content : {false, true}) {
        if (other_content)
            p.push_manifest(app, "latest", pushed_image(p, app, 250));
        check_absent(p, app, digest_of("never pushed"));
        check_absent(p, app, "never-pushed");
        check_absent(p, app, ".INVALID_MANIFEST_NAME");
    }
}

TEST_CASE("a malformed digest is refused, also of a GET that has a body") {
    pusher const p;
    auto const m = index({});
    for (auto const* digest : {"sha256:baddigeststring", "sha256:totallywrong"}) {
        auto const target = manifest_path(app, digest);
        CHECK(refusal(p.ask("PUT", target, {{"Content-Type", m.type}}, m.bytes)) == "400 DIGEST_INVALID");
        CHECK(refusal(p.get(target, accepted)) == "400 DIGEST_INVALID");
        CHECK(refusal(p.ask("GET", target, accepted, m.bytes)) == "400 DIGEST_INVALID");
        CHECK(refusal(p.ask("DELETE", target)) == "400 DIGEST_INVALID");
    }
}

TEST_CASE("a GET of a manifest may have a body") {
    pusher const p;
    auto const m = pushed_image(p, app, 260);
    p.push_manifest(app, "latest", m);
    http_client client(p.server->port());
    for (int i = 0; i < 2; ++i)
        CHECK(client.request("GET", manifest_path(app, "latest"), accepted, m.bytes).body == m.bytes);
}

TEST_CASE("what is no manifest is refused and not kept") {
    pusher const p;
    auto const d = "sha256:" + std::string(64, 'a');
    std::string const start = R"({"schemaVersion":2,"mediaType":")" + media::image + '"';
    std::vector<std::string> const documents{
        "",
        "not JSON",
        "[]",
        "null",
        "\"text\"",
        "{",
        "{}trailing",
        start,
        start + R"(,"config":7})",
        start + R"(,"config":{"mediaType":"a/b","size":1},"layers":[]})",
        start + R"(,"config":{"mediaType":"a/b","size":1,"digest":"sha256:short"},"layers":[]})",
        start + R"(,"config":{"mediaType":"a/b","size":-1,"digest":")" + d + R"("},"layers":[]})",
        start + R"(,"config":{"mediaType":"a/b","digest":")" + d + R"("},"layers":[]})",
        start + R"(,"layers":{}})",
        start + R"(,"layers":[7]})",
        start + R"(,"subject":"me"})",
        start + R"(,"subject":{"mediaType":"a/b","size":1,"digest":"sha256:../.."}})",
        start + R"(,"annotations":[]})"};
    for (auto const& bytes : documents) {
        INFO(bytes);
        auto const m = blob(bytes, media::image);
        CHECK(refusal(p.put_manifest(app, "latest", m)) == "400 MANIFEST_INVALID");
        CHECK(refusal(p.put_manifest(app, m.digest.to_string(), m)) == "400 MANIFEST_INVALID");
        check_absent(p, app, "latest");
        check_absent(p, app, m.digest.to_string());
    }
}

TEST_CASE("a manifest that is nested deeply is refused") {
    pusher const p;
    for (auto const depth : {std::size_t{100}, std::size_t{1'000'000}}) {
        auto const m =
            blob(R"({"schemaVersion":2,"x":)" + std::string(depth, '[') + std::string(depth, ']') + '}', media::image);
        CHECK(refusal(p.put_manifest(app, "latest", m)) == "400 MANIFEST_INVALID");
        check_absent(p, app, "latest");
    }
}

TEST_CASE("a manifest of 4 MiB is taken and one of a byte more is not") {
    pusher const p;
    auto const config = random_blob(300, 270);
    p.push(app, config);
    auto const sized = [&](std::size_t size) {
        auto const bare = image(config, {}, {{"annotations", {{"a", ""}}}});
        return image(config, {}, {{"annotations", {{"a", std::string(size - bare.bytes.size(), 'x')}}}});
    };
    auto const fits = sized(oci::max_manifest_size), large = sized(oci::max_manifest_size + 1);
    REQUIRE(fits.bytes.size() == 4 * 1024 * 1024);
    http_client::headers const h{{"Content-Type", media::image}};
    CHECK(p.ask("PUT", manifest_path(app, "fits"), h, fits.bytes).status == 201);
    check_readable(p, app, "fits", fits);
    CHECK(p.ask_in_chunks("PUT", manifest_path(app, "fits-in-chunks"), h, fits.bytes).status == 201);
    check_readable(p, app, "fits-in-chunks", fits);
    CHECK(p.ask("PUT", manifest_path(app, "large"), h, large.bytes).status == 413);
    CHECK(p.ask_in_chunks("PUT", manifest_path(app, "large"), h, large.bytes).status == 413);
    check_absent(p, app, "large");
}

TEST_CASE("a tag outside the grammar is refused") {
    pusher const p;
    auto const m = pushed_image(p, app, 280);
    for (auto const& tag : {std::string(".dot"), std::string("-dash"), std::string("plus+"), std::string("sp%20ace"),
                            std::string(129, 'x'), std::string("a,b")}) {
        INFO(tag);
        CHECK(refusal(p.put_manifest(app, tag, m)) == "400 TAG_INVALID");
        CHECK(refusal(p.get(manifest_path(app, tag))) == "404 MANIFEST_UNKNOWN");
        CHECK(refusal(p.ask("DELETE", manifest_path(app, tag))) == "404 MANIFEST_UNKNOWN");
    }
}

TEST_CASE("a repository outside the grammar takes no manifest") {
    pusher const p;
    for (auto const& repo : {std::string("local/App"), std::string("local/a..b"), "local/" + std::string(250, 'a')})
        CHECK(refusal(p.put_manifest(repo, "latest", index({}))) == "400 NAME_INVALID");
}

TEST_CASE("manifests belong to the repository that they were pushed to") {
    pusher const p;
    auto const m = pushed_image(p, app, 290);
    p.push_manifest(app, "latest", m);
    p.push(other, random_blob(512, 291));
    check_absent(p, other, "latest");
    check_absent(p, other, m.digest.to_string());
}

TEST_CASE("a blob is no manifest") {
    pusher const p;
    auto const c = random_blob(512, 295);
    p.push(app, c);
    check_absent(p, app, c.digest.to_string());
}

TEST_CASE("a manifest whose bytes are pushed as a blob too stays one") {
    pusher const p;
    auto const m = pushed_image(p, app, 300);
    p.push(app, m);
    check_absent(p, app, m.digest.to_string());
    p.push_manifest(app, "latest", m);
    p.push(app, m);
    CHECK(p.mount(app, m.digest.to_string(), app).status == 201);
    check_readable(p, app, "latest", m);
    check_readable(p, app, m.digest.to_string(), m);
}
