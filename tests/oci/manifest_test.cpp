#include "oci/manifest.h"
#include "tests/catch.h"

#include <algorithm>

using oci::child_role;
using oci::errc;
using oci::manifest_kind;
using oci::parse_manifest;
namespace media_type = oci::media_type;

namespace {

constexpr std::string_view layer_type = "application/vnd.oci.image.layer.v1.tar+gzip";

std::string digest_of(std::string_view content) {
    return oci::digest::of(content).to_string();
}

// A descriptor of the content `content`, whose size is its length; `more` is appended to its members.
std::string item(std::string_view type, std::string_view content, std::string_view more = "") {
    return R"({"mediaType":")" + std::string(type) + R"(","digest":")" + digest_of(content) + R"(","size":)" +
           std::to_string(content.size()) + std::string(more) + "}";
}

std::string image(std::string_view type, std::string_view more = "") {
    return R"({"schemaVersion":2,"mediaType":")" + std::string(type) + R"(","config":)" +
           item(media_type::oci_config, "config") + R"(,"layers":[)" + item(layer_type, "one") + "," +
           item(layer_type, "two") + "," + item(layer_type, "one") + "]" + std::string(more) + "}";
}

// "config:6 layer:3", the roles and sizes of the children.
std::string children(oci::result<oci::manifest> const& m) {
    if (!m)
        return std::string(to_string(m.error().code)) + ": " + m.error().message;
    std::string out;
    for (auto const& c : m->children) {
        constexpr std::string_view names[] = {"config", "layer", "manifest"};
        out += (out.empty() ? "" : " ") + std::string(names[static_cast<std::size_t>(c.role)]) + ":" +
               std::to_string(c.size);
    }
    return out;
}

bool invalid(std::string_view body, std::string_view type = media_type::oci_manifest) {
    auto const m = parse_manifest(body, type);
    return !m && m.error().code == errc::manifest_invalid;
}

std::string nested(std::size_t levels) {
    std::string body = R"({"x":)";
    body.append(levels - 1, '[').append(levels - 1, ']');
    return body + "}";
}

} // namespace

TEST_CASE("an image manifest has its config first, then its layers in order, duplicates kept") {
    for (auto type : {media_type::oci_manifest, media_type::docker_manifest}) {
        auto const m = parse_manifest(image(type), type);
        REQUIRE(children(m) == "config:6 layer:3 layer:3 layer:3");
        CHECK(m->media_type == type);
        CHECK(m->kind == manifest_kind::image);
        CHECK(m->children[0].digest.to_string() == digest_of("config"));
        CHECK(m->children[2].digest.to_string() == digest_of("two"));
        CHECK(m->children[1] == m->children[3]);
        CHECK(m->children[1].media_type == layer_type);
        CHECK_FALSE(m->subject);
    }
}

TEST_CASE("an index has its manifests as children") {
    for (auto type : {media_type::oci_index, media_type::docker_list}) {
        auto const body = R"({"manifests":[)" + item(media_type::oci_manifest, "a", R"(,"platform":{"os":"linux"})") +
                          "," + item(media_type::oci_index, "bb") + "," + item("application/x.unheard-of", "ccc") +
                          "]}";
        auto const m = parse_manifest(body, type);
        CHECK(children(m) == "manifest:1 manifest:2 manifest:3");
        CHECK(m->kind == manifest_kind::index);
        CHECK(m->artifact_type.empty());
    }
}

TEST_CASE("an index of BuildKit's cache has layers and a config, not manifests") {
    auto const body = R"({"manifests":[)" + item(layer_type, "a") + "," +
                      item("application/vnd.docker.image.rootfs.diff.tar.gzip", "bb") + "," +
                      item(media_type::buildkit_cacheconfig, "ccc") + "]}";
    CHECK(children(parse_manifest(body, media_type::oci_index)) == "layer:1 layer:2 config:3");
}

TEST_CASE("lists that are null, empty or absent hold nothing") {
    CHECK(children(parse_manifest(R"({"manifests":null})", media_type::oci_index)) == "");
    CHECK(children(parse_manifest(R"({"manifests":[]})", media_type::oci_index)) == "");
    CHECK(children(parse_manifest(R"({"layers":null,"config":null,"subject":null,"annotations":null,"mediaType":null})",
                                  media_type::oci_manifest)) == "");
    CHECK(children(parse_manifest("{}", media_type::oci_manifest)) == "");
}

TEST_CASE("the document's own type counts more than the one it was sent with") {
    auto const m = parse_manifest(image(media_type::docker_manifest), media_type::oci_manifest);
    CHECK(m->media_type == media_type::docker_manifest);
}

TEST_CASE("a document without a type has the one it was sent with, without parameters") {
    auto const m = parse_manifest(R"({"layers":[]})", "application/vnd.oci.image.manifest.v1+json; charset=utf-8");
    CHECK(m->media_type == media_type::oci_manifest);
    CHECK(m->kind == manifest_kind::image);
}

TEST_CASE("a document sent as nothing in particular has the type of its shape") {
    for (std::string_view sent : {"", "text/plain; charset=utf-8", "application/json", "application/octet-stream"}) {
        CHECK(parse_manifest(R"({"layers":[]})", sent)->media_type == media_type::oci_manifest);
        CHECK(parse_manifest(R"({"manifests":[]})", sent)->media_type == media_type::oci_index);
        CHECK(parse_manifest(R"({"fsLayers":[]})", sent)->media_type == media_type::docker_schema1);
        CHECK(parse_manifest(R"({"fsLayers":[],"signatures":[]})", sent)->media_type ==
              media_type::docker_schema1_signed);
        CHECK(parse_manifest("{}", sent)->media_type == media_type::octet_stream);
    }
}

TEST_CASE("a document without a type that is image and index at once is neither") {
    auto const m = parse_manifest(R"({"manifests":[],"layers":[]})", "");
    CHECK(m->kind == manifest_kind::other);
}

TEST_CASE("a document without a type names what its shape says, whatever it was sent as") {
    auto const as_image =
        R"({"config":)" + item(media_type::oci_config, "config") + R"(,"layers":[)" + item(layer_type, "one") + "]}";
    auto const as_index = R"({"manifests":[)" + item(media_type::oci_manifest, "a") + "]}";
    for (auto sent : {media_type::oci_manifest, media_type::docker_manifest, media_type::oci_index,
                      media_type::docker_list, media_type::docker_schema1, media_type::docker_schema1_signed}) {
        INFO(sent);
        auto const kind = oci::classify_manifest(sent);
        auto const i = parse_manifest(as_image, sent), x = parse_manifest(as_index, sent);
        CHECK(children(i) == "config:6 layer:3");
        CHECK(children(x) == "manifest:1");
        CHECK(i->misnamed == (kind != manifest_kind::image));
        CHECK(x->misnamed == (kind != manifest_kind::index));
        CHECK(i->kind == manifest_kind::image);
        CHECK(i->media_type == sent);
        CHECK(parse_manifest(R"({"fsLayers":[]})", sent)->misnamed == (kind != manifest_kind::schema1));
        CHECK_FALSE(parse_manifest(R"({"schemaVersion":2})", sent)->misnamed);
        CHECK_FALSE(parse_manifest(R"({"manifests":[],"layers":[]})", sent)->misnamed);
    }
    auto const other = parse_manifest(as_image, "application/vnd.example+json");
    CHECK(children(other) == "config:6 layer:3");
    CHECK_FALSE(other->misnamed);
    CHECK(other->kind == manifest_kind::other);
    CHECK(other->media_type == "application/vnd.example+json");
}

TEST_CASE("a document with a type of its own is never misnamed") {
    auto const m = parse_manifest(image(media_type::oci_manifest), media_type::docker_schema1);
    CHECK_FALSE(m->misnamed);
    CHECK(m->media_type == media_type::oci_manifest);
    auto const other = parse_manifest(image("application/vnd.example+json"), media_type::oci_manifest);
    CHECK(other->children.empty());
}

TEST_CASE("schema 1 and unknown types are not looked into") {
    auto const schema1 =
        parse_manifest(R"({"fsLayers":[{"blobSum":"x"}],"config":1})", media_type::docker_schema1_signed);
    CHECK(schema1->kind == manifest_kind::schema1);
    CHECK(schema1->children.empty());
    auto const other = parse_manifest(R"({"layers":"no list"})", "application/vnd.example+json");
    CHECK(other->kind == manifest_kind::other);
    CHECK(other->media_type == "application/vnd.example+json");
    CHECK(other->children.empty());
}

TEST_CASE("of what is pushed, schema 1 and unknown types name all that may be content") {
    auto const by = [](std::string const& key, std::string_view c) {
        return "\"" + key + "\":\"" + digest_of(c) + "\"";
    };
    auto const schema1 = oci::parse_pushed_manifest("{\"fsLayers\":[{" + by("blobSum", "a") + "},{" +
                                                        by("blobSum", "a") + R"(},{"blobSum":"x"},7],"config":1})",
                                                    media_type::docker_schema1_signed);
    CHECK(children(schema1) == "layer:0 layer:0");
    CHECK(schema1->kind == manifest_kind::schema1);

    auto const more = R"(,"blobs":[)" + item("b/b", "four") + R"(],"manifests":[{)" + by("digest", "m") + "}," +
                      item(layer_type, "ab") +
                      R"(],"artifactType":"application/x","annotations":{"a":"b"},"subject":{)" + by("digest", "s") +
                      "}";
    auto const other = oci::parse_pushed_manifest(image("application/vnd.example+json", more), "");
    CHECK(children(other) == "config:6 layer:3 layer:3 layer:3 layer:4 manifest:0 layer:2");
    CHECK(other->kind == manifest_kind::other);
    CHECK(other->artifact_type == "application/x");
    CHECK(other->annotations == std::map<std::string, std::string>{{"a", "b"}});
    REQUIRE(other->subject);
    CHECK(other->subject->digest.to_string() == digest_of("s"));
}

TEST_CASE("a pushed document of an unknown type is not refused for what cannot be read in it") {
    auto const m = oci::parse_pushed_manifest(
        R"({"mediaType":"application/vnd.example+json","config":{"digest":"x"},"layers":{"a":1},"blobs":[1,null,[]],)"
        R"("manifests":"none","fsLayers":[{"blobSum":1}],"subject":"me","artifactType":7,"annotations":[]})",
        "");
    REQUIRE(m);
    CHECK(m->children.empty());
    CHECK_FALSE(m->subject);
    CHECK(m->artifact_type.empty());
}

TEST_CASE("what is sent as bytes that are no text refers to nothing") {
    auto const body = R"({"layers":[],"subject":)" + item(media_type::oci_manifest, "subject") + "}";
    CHECK(oci::parse_pushed_manifest(body, "application/vnd.example")->subject);
    CHECK_FALSE(oci::parse_pushed_manifest(body, "application/\xff")->subject);
}

TEST_CASE("of pushed images and indexes nothing is guessed") {
    auto const body = image(media_type::oci_manifest, R"(,"blobs":[)" + item("b/b", "four") + "]");
    CHECK(oci::parse_pushed_manifest(body, "") == parse_manifest(body, ""));
    auto const unsized = R"({"config":{"digest":")" + digest_of("x") + "\"}}";
    CHECK_FALSE(oci::parse_pushed_manifest(unsized, media_type::oci_manifest));
}

TEST_CASE("an artifact's type is its own, else its config's") {
    CHECK(parse_manifest(image(media_type::oci_manifest), "")->artifact_type == media_type::oci_config);
    CHECK(parse_manifest(image(media_type::oci_manifest, R"(,"artifactType":"application/x")"), "")->artifact_type ==
          "application/x");
    CHECK(parse_manifest(R"({"artifactType":"application/x"})", media_type::oci_index)->artifact_type ==
          "application/x");
}

TEST_CASE("the subject and the annotations that are strings are kept") {
    auto const m =
        parse_manifest(image(media_type::oci_manifest, R"(,"annotations":{"a":"b","n":1,"é":""},"subject":)" +
                                                           item(media_type::oci_manifest, "subject")),
                       "");
    REQUIRE(m);
    REQUIRE(m->subject);
    CHECK(m->subject->digest.to_string() == digest_of("subject"));
    CHECK(m->subject->size == 7);
    CHECK(m->annotations == std::map<std::string, std::string>{{"a", "b"}, {"é", ""}});
    CHECK(m->children.size() == 4); // the subject is no child
}

TEST_CASE("a layer with urls or of a non-distributable type is foreign") {
    auto const body = R"({"layers":[)" + item(layer_type, "a", R"(,"urls":["https://example.com/a"])") + "," +
                      item("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "b") + "," +
                      item("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "c") + "," +
                      item(layer_type, "d", R"(,"urls":[])") + "," + item(layer_type, "e") + "]}";
    auto const m = parse_manifest(body, media_type::oci_manifest);
    REQUIRE(m);
    std::vector<bool> foreign;
    for (auto const& c : m->children)
        foreign.push_back(c.foreign);
    CHECK(foreign == std::vector<bool>{true, true, true, false, false});
}

TEST_CASE("a body that is no JSON object is MANIFEST_INVALID") {
    for (std::string_view body :
         {"", " ", "[]", "\"x\"", "1", "null", "{", "{}x", "{\"a\":}", "<html>", "{\"a\":\"\xff\"}"})
        CHECK(invalid(body));
}

TEST_CASE("a descriptor without a digest or size that is right is MANIFEST_INVALID") {
    std::string const digest = R"("digest":")" + digest_of("x") + "\"";
    for (std::string const& config :
         {std::string("1"), std::string("[]"), std::string("{}"), "{" + digest + "}", std::string(R"({"size":1})"),
          std::string(R"({"digest":"sha256:abc","size":1})"), std::string(R"({"digest":1,"size":1})"),
          "{" + digest + R"(,"size":-1})", "{" + digest + R"(,"size":"1"})", "{" + digest + R"(,"size":1.0})",
          "{" + digest + R"(,"size":9223372036854775808})", "{" + digest + R"(,"size":1,"mediaType":7})"}) {
        INFO(config);
        CHECK(invalid(R"({"config":)" + config + "}"));
        CHECK(invalid(R"({"layers":[)" + config + "]}"));
        CHECK(invalid(R"({"subject":)" + config + "}"));
        CHECK(invalid(R"({"manifests":[)" + config + "]}", media_type::oci_index));
    }
}

TEST_CASE("a known member of the wrong JSON type is MANIFEST_INVALID") {
    CHECK(invalid(R"({"mediaType":1})"));
    CHECK(invalid(R"({"artifactType":[]})"));
    CHECK(invalid(R"({"layers":{}})"));
    CHECK(invalid(R"({"annotations":[]})"));
    CHECK(invalid(R"({"manifests":1})", media_type::oci_index));
}

TEST_CASE("a media type that could split a header is MANIFEST_INVALID") {
    CHECK(invalid(R"({"mediaType":"a\r\nSet-Cookie: b"})"));
    CHECK(invalid(R"({"mediaType":"a\u0000"})"));
    CHECK(invalid(R"({"mediaType":")" + std::string(256, 'a') + "\"}"));
}

TEST_CASE("the size of a descriptor reaches up to 2^63-1") {
    auto const m = parse_manifest(R"({"config":{"digest":")" + digest_of("x") + R"(","size":9223372036854775807}})",
                                  media_type::oci_manifest);
    REQUIRE(m);
    CHECK(m->children[0].size == 9223372036854775807u);
}

TEST_CASE("a document may be 32 levels deep and no deeper") {
    CHECK(parse_manifest(nested(32), media_type::oci_manifest));
    CHECK(invalid(nested(33)));
    CHECK(parse_manifest(nested(33), media_type::oci_manifest).error().too_complex);
    CHECK_FALSE(parse_manifest("{", media_type::oci_manifest).error().too_complex);
}

TEST_CASE("a document may have as many values as mean something, and no more") {
    std::string ones = R"({"a":[1)";
    while (ones.size() < oci::max_manifest_size - 4)
        ones += ",1";
    auto const too_many = parse_manifest(ones + "]}", media_type::oci_index);
    REQUIRE_FALSE(too_many);
    CHECK(too_many.error().code == errc::manifest_invalid);
    CHECK(too_many.error().too_complex);

    std::string entries = R"({"manifests":[)";
    std::string const entry =
        R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" + digest_of("x") + R"(","size":1},)";
    for (std::size_t n = 0; n < 4096; ++n)
        entries += entry;
    entries.back() = ']';
    CHECK(parse_manifest(entries + "}", media_type::oci_index)->children.size() == 4096);
    entries.back() = ',';
    auto const one_more = entries + entry.substr(0, entry.size() - 1) + "]}";
    for (auto const& refused : {parse_manifest(one_more, media_type::oci_index),
                                oci::parse_pushed_manifest(one_more, media_type::oci_index)}) {
        REQUIRE_FALSE(refused);
        CHECK(refused.error().too_complex);
    }
    auto const of_another_kind = R"({"mediaType":"application/vnd.x+json",)" + one_more.substr(1);
    CHECK(parse_manifest(of_another_kind, "")->children.empty());
    CHECK(oci::parse_pushed_manifest(of_another_kind, "").error().too_complex); // it may name all of these
}

TEST_CASE("a manifest may have so many annotations and no more") {
    auto const annotated = [](std::size_t n) {
        std::string body = R"({"schemaVersion":2,"layers":[],"annotations":{)";
        for (std::size_t i = 0; i < n; ++i)
            body += (i == 0 ? "\"" : ",\"") + std::to_string(i) + R"(":"")";
        return parse_manifest(body + "}}", media_type::oci_manifest);
    };
    CHECK(annotated(4096)->annotations.size() == 4096);
    CHECK(annotated(4097).error().too_complex);
}

TEST_CASE("a manifest of exactly the limit is taken and one byte more is SIZE_INVALID") {
    std::string body = R"({"annotations":{"a":")";
    body.append(oci::max_manifest_size - body.size() - 3, 'x').append("\"}}");
    REQUIRE(body.size() == oci::max_manifest_size);
    CHECK(parse_manifest(body, media_type::oci_manifest));
    body += " ";
    auto const larger = parse_manifest(body, media_type::oci_manifest);
    REQUIRE_FALSE(larger);
    CHECK(larger.error().code == errc::size_invalid);
}
