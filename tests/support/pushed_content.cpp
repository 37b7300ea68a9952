#include "tests/support/pushed_content.h"

#include "tests/support/mirror.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace tests {

namespace json = boost::json;

namespace {

json::array descriptors(std::vector<content> const& all) {
    json::array out;
    for (auto const& c : all)
        out.push_back(c.descriptor());
    return out;
}

json::object with(json::object document, json::object const& members) {
    for (auto const& m : members)
        document[m.key()] = m.value();
    return document;
}

} // namespace

json::object content::descriptor() const {
    return {{"mediaType", type}, {"digest", digest.to_string()}, {"size", bytes.size()}};
}

content blob(std::string bytes, std::string type, oci::algorithm a) {
    auto const d = oci::digest::of(bytes, a);
    return {std::move(bytes), std::move(type), d};
}

content random_blob(std::size_t size, unsigned seed, oci::algorithm a) {
    return blob(random_bytes(size, seed), media::layer, a);
}

std::vector<content> by_both(std::size_t size, unsigned seed) {
    return {random_blob(size, seed), random_blob(size, seed + 100'000, oci::algorithm::sha512)};
}

content document(json::object const& members, std::string type, oci::algorithm a) {
    return blob(json::serialize(members), std::move(type), a);
}

content image(content const& config, std::vector<content> const& layers, json::object const& members,
              oci::algorithm a) {
    json::object const plain{{"schemaVersion", 2},
                             {"mediaType", media::image},
                             {"config", config.descriptor()},
                             {"layers", descriptors(layers)}};
    return document(with(plain, members), media::image, a);
}

content index(std::vector<content> const& children, json::object const& members, oci::algorithm a) {
    json::object const plain{{"schemaVersion", 2}, {"mediaType", media::index}, {"manifests", descriptors(children)}};
    return document(with(plain, members), media::index, a);
}

content artifact(content const& payload, std::string const& artifact_type, json::object const& members) {
    return image(blob("{}", media::empty_json), {payload}, with({{"artifactType", artifact_type}}, members));
}

} // namespace tests
