#include "oci/referrer.h"
#include "tests/catch.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace {

auto const subject = oci::digest::of("subject");

oci::manifest manifest_of(std::string_view body) {
    return oci::parse_manifest(body, {}).value();
}

} // namespace

TEST_CASE("a referrer is described by its artifact type and its own annotations") {
    auto const m =
        manifest_of(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
        "artifactType":"a/b","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":")" +
                    oci::digest::of("{}").to_string() + R"(","size":2},"layers":[],"annotations":{"who":"\"me\""}})");
    auto const d = boost::json::parse(oci::referrer_descriptor(subject, 321, m));
    CHECK(d.at("mediaType") == "application/vnd.oci.image.manifest.v1+json");
    CHECK(d.at("digest").as_string() == subject.to_string());
    CHECK(d.at("size") == 321);
    CHECK(d.at("artifactType") == "a/b");
    CHECK(d.at("annotations").at("who") == "\"me\"");
}

TEST_CASE("what clients list under a fallback tag is taken over as it stands there") {
    auto const one = R"({"mediaType":"m/m","digest":")" + subject.to_string() +
                     R"(","size":7,"artifactType":"a/b","annotations":{"k":"v"},"platform":{"os":"x"}})";
    auto const all = oci::referrers_in_index(R"({"schemaVersion":2,"manifests":[)" + one + "]}");
    REQUIRE(all.size() == 1);
    CHECK(all[0].digest == subject);
    CHECK(all[0].artifact_type == "a/b");
    CHECK(boost::json::parse(all[0].descriptor) == boost::json::parse(one));
}

TEST_CASE("what is no index lists no referrers, and an entry without a digest is none") {
    for (auto const* body : {"", "{", "[]", "null", R"({"manifests":{}})", R"({"manifests":[1,null,"x",{}]})",
                             R"({"manifests":[{"digest":"sha256:abc"}]})", R"({"manifests":[{"digest":5}]})"}) {
        INFO(body);
        CHECK(oci::referrers_in_index(body).empty());
    }
}

TEST_CASE("a fallback tag is the digest with a dash, and no longer than a tag may be") {
    auto const tag = oci::referrers_tag(subject);
    CHECK(tag == "sha256-" + subject.to_string().substr(7));
    auto const longer = oci::referrers_tag(oci::digest::of("subject", oci::algorithm::sha512));
    CHECK(longer.starts_with("sha512-"));
    CHECK(longer.size() == std::string("sha512-").size() + 64);
}
