#include "oci/media_type.h"
#include "tests/catch.h"

using oci::manifest_kind;
namespace media_type = oci::media_type;

TEST_CASE("a manifest's kind follows from its media type") {
    CHECK(oci::classify_manifest(media_type::oci_manifest) == manifest_kind::image);
    CHECK(oci::classify_manifest(media_type::docker_manifest) == manifest_kind::image);
    CHECK(oci::classify_manifest(media_type::oci_index) == manifest_kind::index);
    CHECK(oci::classify_manifest(media_type::docker_list) == manifest_kind::index);
    CHECK(oci::classify_manifest(media_type::docker_schema1) == manifest_kind::schema1);
    CHECK(oci::classify_manifest(media_type::docker_schema1_signed) == manifest_kind::schema1);
    CHECK(oci::classify_manifest(media_type::oci_artifact) == manifest_kind::other);
    CHECK(oci::classify_manifest("text/plain") == manifest_kind::other);
    CHECK(oci::classify_manifest("") == manifest_kind::other);
}

TEST_CASE("parameters and blanks are stripped from a content type") {
    CHECK(oci::strip_parameters("application/json; charset=utf-8") == "application/json");
    CHECK(oci::strip_parameters(" application/json\t;x") == "application/json");
    CHECK(oci::strip_parameters("application/json") == "application/json");
    CHECK(oci::strip_parameters(";").empty());
    CHECK(oci::strip_parameters("").empty());
}

TEST_CASE("every type that is looked into is asked for, and schema 1 is not") {
    auto const list = oci::manifest_accept_list();
    for (auto type :
         {media_type::oci_manifest, media_type::docker_manifest, media_type::oci_index, media_type::docker_list})
        CHECK(list.find(type) != std::string_view::npos);
    CHECK(list.ends_with("*/*"));
    CHECK(list.find(media_type::docker_schema1_signed) == std::string_view::npos);
    CHECK(list.find(media_type::docker_schema1) == std::string_view::npos);
}
