#include "oci/reference.h"
#include "tests/catch.h"

using oci::errc;
using oci::repository;
using oci::tag;

namespace {

constexpr std::string_view some_digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

template <class T>
bool fails_with(oci::result<T> const& r, errc code) {
    return !r && r.error().code == code;
}

// "registry|repository|reference", or the code of the error.
std::string parsed_image(std::string_view text) {
    auto const image = oci::parse_image_name(text);
    if (!image)
        return std::string(to_string(image.error().code));
    return image->registry + "|" + image->repo.name() + "|" + to_string(image->ref);
}

} // namespace

TEST_CASE("a repository is any name of the grammar") {
    for (std::string_view name : {"alpine", "library/alpine", "a", "0", "a.b", "a_b", "a__b", "a-b", "a----b",
                                  "a/b/c/d", "ghcr.io/owner/app", "blobs/manifests/uploads", "a0.1-b__c/d"}) {
        auto const r = repository::parse(name);
        REQUIRE(r);
        CHECK(r->name() == name);
    }
}

TEST_CASE("a name outside the grammar is NAME_INVALID") {
    for (std::string_view name :
         {"",       "/",        "a/", "/a", "a//b", "A",  "library/Alpine", "a..b", "a___b", "a._b", "a_.b",  "a-.b",
          "-a",     "a-",       ".a", "a.", "_a",   "a_", "_catalog",       "a:b",  "a b",   "a@b",  "a%2fb", "..",
          "a/../b", "\xc3\xa9", "a\n"})
        CHECK(fails_with(repository::parse(name), errc::name_invalid));
    CHECK(fails_with(repository::parse(std::string_view("a\0b", 3)), errc::name_invalid));
}

TEST_CASE("a repository has at most 255 bytes") {
    CHECK(repository::parse(std::string(255, 'a')));
    CHECK(fails_with(repository::parse(std::string(256, 'a')), errc::name_invalid));
}

TEST_CASE("a repository knows whether it has one component") {
    CHECK(repository::parse("alpine")->has_one_component());
    CHECK_FALSE(repository::parse("library/alpine")->has_one_component());
}

TEST_CASE("a tag is any name of the grammar") {
    for (std::string_view name : {"latest", "3.19", "_x", "V1", "a..b", "a--", "sha256-abc.sig", "0"}) {
        auto const t = tag::parse(name);
        REQUIRE(t);
        CHECK(t->name() == name);
    }
    CHECK(tag::parse(std::string(128, 'T')));
}

TEST_CASE("a tag outside the grammar is TAG_INVALID") {
    for (std::string_view name : {"", ".a", "-a", "a/b", "a:b", "a b", "a+b", "\xc3\xa9"})
        CHECK(fails_with(tag::parse(name), errc::tag_invalid));
    CHECK(fails_with(tag::parse(std::string(129, 'a')), errc::tag_invalid));
}

TEST_CASE("a reference with a colon is a digest, any other a tag") {
    CHECK(std::holds_alternative<oci::digest>(*oci::parse_reference(some_digest)));
    CHECK(std::holds_alternative<tag>(*oci::parse_reference("latest")));
    CHECK(std::holds_alternative<tag>(*oci::parse_reference("sha256-abc")));
    CHECK(to_string(*oci::parse_reference(some_digest)) == some_digest);
    CHECK(to_string(*oci::parse_reference("3.19")) == "3.19");
}

TEST_CASE("a malformed digest is DIGEST_INVALID and a malformed tag an unknown manifest") {
    CHECK(fails_with(oci::parse_reference("sha256:baddigeststring"), errc::digest_invalid));
    CHECK(fails_with(oci::parse_reference(":"), errc::digest_invalid));
    CHECK(fails_with(oci::parse_reference(".INVALID_MANIFEST_NAME"), errc::manifest_unknown));
    CHECK(fails_with(oci::parse_reference(""), errc::manifest_unknown));
}

TEST_CASE("an image name is read as people write it") {
    CHECK(parsed_image("alpine") == "|alpine|latest");
    CHECK(parsed_image("alpine:3.19") == "|alpine|3.19");
    CHECK(parsed_image("library/alpine") == "|library/alpine|latest");
    CHECK(parsed_image("docker.io/library/alpine:3.19") == "docker.io|library/alpine|3.19");
    CHECK(parsed_image("index.docker.io/alpine") == "index.docker.io|alpine|latest");
    CHECK(parsed_image("localhost/a") == "localhost|a|latest");
    CHECK(parsed_image("localhost:5000/a/b:x") == "localhost:5000|a/b|x");
    CHECK(parsed_image("Registry.Example.COM/a") == "Registry.Example.COM|a|latest");
    CHECK(parsed_image("[::1]:5000/a") == "[::1]:5000|a|latest");
    CHECK(parsed_image("[fe80::1]/a") == "[fe80::1]|a|latest");
    CHECK(parsed_image("docker.io") == "|docker.io|latest"); // no slash: a repository
}

TEST_CASE("of a tag and a digest in an image name the digest counts") {
    std::string const digest(some_digest);
    CHECK(parsed_image("ghcr.io/a/b@" + digest) == "ghcr.io|a/b|" + digest);
    CHECK(parsed_image("ghcr.io/a/b:1@" + digest) == "ghcr.io|a/b|" + digest);
    CHECK(parsed_image("a@" + digest) == "|a|" + digest);
    CHECK(parsed_image("a:.x@" + digest) == "TAG_INVALID");
}

TEST_CASE("what is no image name says which part is wrong") {
    CHECK(parsed_image("") == "NAME_INVALID");
    CHECK(parsed_image("Alpine") == "NAME_INVALID");
    CHECK(parsed_image("docker.io/") == "NAME_INVALID");
    CHECK(parsed_image("https://docker.io/alpine") == "NAME_INVALID");
    CHECK(parsed_image("docker.io:/a") == "NAME_INVALID");
    CHECK(parsed_image("docker.io:0/a") == "NAME_INVALID");
    CHECK(parsed_image("docker.io:65536/a") == "NAME_INVALID");
    CHECK(parsed_image("docker.io:5000:1/a") == "NAME_INVALID");
    CHECK(parsed_image("user@docker.io/a") == "NAME_INVALID");
    CHECK(parsed_image("a..b/a") == "NAME_INVALID");
    CHECK(parsed_image("[::1/a") == "NAME_INVALID");
    CHECK(parsed_image("[::1]x/a") == "NAME_INVALID");
    CHECK(parsed_image("[docker.io]/a") == "NAME_INVALID");
    CHECK(parsed_image("alpine:") == "TAG_INVALID");
    CHECK(parsed_image("alpine:a:b") == "TAG_INVALID");
    CHECK(parsed_image("alpine@") == "DIGEST_INVALID");
    CHECK(parsed_image("alpine@latest") == "DIGEST_INVALID");
}
