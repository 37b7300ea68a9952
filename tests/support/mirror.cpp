#include "tests/support/mirror.h"

#include "oci/media_type.h"

#include <random>
#include <stdexcept>

namespace tests {

std::string random_bytes(std::size_t size, unsigned seed) {
    std::mt19937_64 random(seed);
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; i += 8) {
        auto const word = random();
        for (std::size_t k = 0; k < 8 && i + k < size; ++k)
            bytes[i + k] = static_cast<char>(word >> (8 * k));
    }
    return bytes;
}

std::string digest_of(std::string const& bytes) {
    return oci::digest::of(bytes).to_string();
}

std::string image_manifest(std::vector<std::string> const& blobs) {
    auto const descriptor = [](std::string const& blob, std::string_view type) {
        return R"({"mediaType":")" + std::string(type) + R"(","digest":")" + digest_of(blob) + R"(","size":)" +
               std::to_string(blob.size()) + "}";
    };
    std::string layers;
    for (std::size_t i = 1; i < blobs.size(); ++i)
        layers += (i > 1 ? "," : "") + descriptor(blobs[i], "application/vnd.oci.image.layer.v1.tar+gzip");
    return R"({"schemaVersion":2,"mediaType":")" + std::string(oci::media_type::oci_manifest) + R"(","config":)" +
           descriptor(blobs.at(0), oci::media_type::oci_config) + R"(,"layers":[)" + layers + "]}";
}

void mirror::restart() {
    server.reset();
    start();
}

std::string mirror::put_blob(std::string const& repo, std::string const& bytes) {
    auto const d = digest_of(bytes);
    origin.on("GET", "/v2/" + repo + "/blobs/" + d).serve(bytes);
    return d;
}

std::string mirror::put_manifest(std::string const& repo, std::string const& tag, std::string const& body) {
    auto const d = digest_of(body);
    header_list const fields{{"Content-Type", std::string(oci::media_type::oci_manifest)},
                             {"Docker-Content-Digest", d}};
    origin.on("GET", "/v2/" + repo + "/manifests/" + tag).reply(200, fields, body);
    origin.on("GET", "/v2/" + repo + "/manifests/" + d).reply(200, fields, body);
    return d;
}

std::size_t mirror::refused(std::string const& limit) const {
    auto const metrics = http_get(server->admin_port(), "/metrics").body;
    auto const name = "layerd_limit_refusals_total{limit=\"" + limit + "\"} ";
    auto const at = metrics.find(name);
    if (at == metrics.npos)
        throw std::runtime_error("no metric of the limit " + limit);
    return std::stoul(metrics.substr(at + name.size()));
}

} // namespace tests
