// What is pushed in tests of hosted repositories: blobs, and the manifests that name them.
#pragma once

#include "oci/digest.h"
#include "oci/media_type.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace tests {

namespace media {
inline std::string const image{oci::media_type::oci_manifest};
inline std::string const index{oci::media_type::oci_index};
inline std::string const config{oci::media_type::oci_config};
inline std::string const layer = "application/vnd.oci.image.layer.v1.tar+gzip";
inline std::string const empty_json = "application/vnd.oci.empty.v1+json";
inline std::string const sbom = "application/vnd.example.sbom.v1";
inline std::string const signature = "application/vnd.example.signature.v1";
} // namespace media

// Bytes, and what a descriptor says of them.
struct content {
    std::string bytes;
    std::string type;
    oci::digest digest;

    boost::json::object descriptor() const;
};

content blob(std::string bytes, std::string type = media::layer, oci::algorithm a = oci::algorithm::sha256);
content random_blob(std::size_t size, unsigned seed, oci::algorithm a = oci::algorithm::sha256);
std::vector<content> by_both(std::size_t size, unsigned seed); // one by sha256, another by sha512

// `members` are added to the document, or take the place of what it has.
content image(content const& config, std::vector<content> const& layers, boost::json::object const& members = {},
              oci::algorithm a = oci::algorithm::sha256);
content index(std::vector<content> const& children, boost::json::object const& members = {},
              oci::algorithm a = oci::algorithm::sha256);
// Anything else that is sent as a manifest.
content document(boost::json::object const& members, std::string type, oci::algorithm a = oci::algorithm::sha256);

// An artifact of one blob; blobs and digests differ for every seed.
content artifact(content const& payload, std::string const& artifact_type, boost::json::object const& members = {});

} // namespace tests
