#include "tests/support/content_sets.h"

#include "tests/support/mirror.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace tests {

namespace json = boost::json;

namespace {

// The bytes of every set differ: seeds are handed out once.
unsigned next_seed = 1000;

struct platform_image {
    content config, first, second, manifest;
};

platform_image some_image(std::string const& architecture, json::object const& members = {},
                          oci::algorithm a = oci::algorithm::sha256) {
    auto first = random_blob(2100, next_seed++, a);
    auto second = random_blob(700, next_seed++, a);
    json::object const described{
        {"architecture", architecture},
        {"os", "linux"},
        {"rootfs", {{"type", "layers"}, {"diff_ids", {first.digest.to_string(), second.digest.to_string()}}}}};
    auto config = blob(json::serialize(described), media::config, a);
    auto manifest = image(config, {first, second}, members, a);
    return {config, first, second, manifest};
}

void add(content_set& to, platform_image const& i) {
    to.blobs.insert(to.blobs.end(), {i.config, i.first, i.second});
    to.manifests.push_back(i.manifest);
}

content_set of_image(std::string const& name, json::object const& members = {}) {
    content_set out{.name = name};
    add(out, some_image("amd64", members));
    out.tags = {{name, out.manifests.back()}};
    return out;
}

content_set of_index(std::string const& name, json::object const& members = {},
                     oci::algorithm a = oci::algorithm::sha256) {
    content_set out{.name = name};
    add(out, some_image("amd64", members, a));
    add(out, some_image("arm64", members, a));
    out.manifests.push_back(index(out.manifests, members, a));
    out.tags = {{name, out.manifests.back()}};
    return out;
}

content_set uncompressed() {
    content_set out{.name = "uncompressed"};
    auto const config = blob(R"({"architecture":"riscv64","os":"linux"})", media::config);
    auto const layer =
        blob(random_bytes(10'240, next_seed++), "application/vnd.oci.image.layer.v1.tar", oci::algorithm::sha256);
    out.blobs = {config, layer};
    out.manifests = {image(config, {layer})};
    out.tags = {{out.name, out.manifests.back()}};
    return out;
}

// 390 annotations of 10,000 bytes: just below what every registry must take.
content_set large_manifest() {
    json::object annotations;
    for (int i = 0; i < 390; ++i)
        annotations["org.example.large-" + std::to_string(i)] = std::string(10'000, 'A');
    return of_image("large-manifest", {{"annotations", annotations}});
}

content_set nested_index() {
    auto out = of_index("nested-index");
    auto const other = of_index("");
    out.blobs.insert(out.blobs.end(), other.blobs.begin(), other.blobs.end());
    auto const inner = std::vector{out.manifests.back(), other.manifests.back()};
    out.manifests.insert(out.manifests.end(), other.manifests.begin(), other.manifests.end());
    out.manifests.push_back(index(inner));
    out.tags = {{out.name, out.manifests.back()}};
    return out;
}

content_set empty_index() {
    content_set out{.name = "empty-index", .manifests = {index({})}};
    out.tags = {{out.name, out.manifests.back()}};
    return out;
}

content_set artifacts() {
    content_set out{.name = "artifact"};
    auto const payload = random_blob(2048, next_seed++);
    out.blobs = {blob("{}", media::empty_json), payload};
    out.manifests = {artifact(payload, media::sbom)};
    out.tags = {{out.name, out.manifests.back()}};
    return out;
}

content_set artifact_index() {
    auto out = artifacts();
    out.name = "artifact-index";
    auto const second = random_blob(2048, next_seed++);
    out.blobs.push_back(second);
    out.manifests.push_back(artifact(second, media::sbom));
    out.manifests.push_back(index(out.manifests, {{"artifactType", media::sbom}}));
    out.tags = {{out.name, out.manifests.back()}};
    return out;
}

content_set artifact_without_layers() {
    auto const empty = blob("{}", media::empty_json);
    content_set out{.name = "artifact-without-layers",
                    .blobs = {empty},
                    .manifests = {image(empty, {empty}, {{"artifactType", media::sbom}})}};
    out.tags = {{out.name, out.manifests.back()}};
    return out;
}

json::object about(content const& subject, std::string const& note) {
    return {{"subject", subject.descriptor()}, {"annotations", {{"org.example.note", note}}}};
}

void add_referrer(content_set& to, content const& payload, content const& referrer, std::string const& tag) {
    to.blobs.push_back(payload);
    to.manifests.push_back(referrer);
    to.referrers.push_back(referrer);
    if (!tag.empty())
        to.tags.emplace_back(tag, referrer);
}

content_set artifacts_with_subject() {
    auto out = of_image("subject-of-artifacts");
    auto const subject = out.manifests.back();
    out.blobs.push_back(blob("{}", media::empty_json));
    auto const plain = some_image("amd64", {{"subject", subject.descriptor()}});
    add(out, plain);
    out.referrers.push_back(plain.manifest);
    auto const first = random_blob(2048, next_seed++), second = random_blob(2048, next_seed++);
    add_referrer(out, first, artifact(first, media::sbom, about(subject, "first")), "first-artifact");
    add_referrer(out, second, artifact(second, media::signature, about(subject, "second")), "second-artifact");
    return out;
}

// The index refers to the subject, and so do its children.
content_set index_with_subject() {
    auto out = of_index("subject-of-index");
    auto const subject = out.manifests.back();
    out.blobs.push_back(blob("{}", media::empty_json));
    for (auto const* note : {"amd64", "arm64"}) {
        auto const payload = random_blob(2048, next_seed++);
        add_referrer(out, payload, artifact(payload, media::sbom, about(subject, note)), "");
    }
    auto members = about(subject, "both");
    members["artifactType"] = media::sbom;
    auto const whole = index(out.referrers, members);
    out.manifests.push_back(whole);
    out.referrers.push_back(whole);
    out.tags.emplace_back("index-of-artifacts", whole);
    return out;
}

content_set missing_subject() {
    content_set out{.name = "missing-subject", .blobs = {blob("{}", media::empty_json)}};
    auto const subject = image(blob("never pushed"), {});
    auto const payload = random_blob(2048, next_seed++);
    add_referrer(out, payload, artifact(payload, media::sbom, about(subject, "early")), out.name);
    out.absent = {subject};
    return out;
}

content_set data_field() {
    auto out = of_image("");
    out.name = "data-field";
    auto described = out.blobs.front().descriptor();
    described["data"] = "eyJmb28iOiJiYXIifQ=="; // need not be true to be kept
    out.manifests = {image(out.blobs[0], {out.blobs[1], out.blobs[2]}, {{"config", described}})};
    out.tags = {{out.name, out.manifests.back()}};
    return out;
}

content_set non_distributable() {
    auto out = of_image("");
    out.name = "non-distributable";
    json::array layers;
    for (auto const* kind : {"tar+gzip", "tar"}) {
        auto const elsewhere = blob(random_bytes(256, next_seed++),
                                    std::string("application/vnd.oci.image.layer.nondistributable.v1.") + kind);
        auto described = elsewhere.descriptor();
        described["urls"] = json::array{"https://store.example.com/" + elsewhere.digest.hex()};
        layers.push_back(described);
        out.absent.push_back(elsewhere);
    }
    layers.push_back(out.blobs[1].descriptor());
    out.manifests = {image(out.blobs[0], {}, {{"layers", layers}})};
    out.tags = {{out.name, out.manifests.back()}};
    return out;
}

content_set no_layers() {
    auto const config = blob(R"({"architecture":"s390x","os":"linux"})", media::config);
    content_set out{.name = "no-layers", .blobs = {config}, .manifests = {image(config, {})}};
    out.tags = {{out.name, out.manifests.back()}};
    return out;
}

// An image without one of its layers, an index without one of its images.
content_set sparse() {
    auto out = of_index("sparse");
    out.absent = {out.blobs[1], out.manifests[1]};
    out.blobs.erase(out.blobs.begin() + 1);
    out.manifests.erase(out.manifests.begin() + 1);
    return out;
}

// BuildKit's exported cache in its older form: an index whose entries are layers, its config among them.
content_set build_cache_index() {
    content_set out{.name = "build-cache-index"};
    out.blobs = {random_blob(5000, next_seed++), random_blob(6000, next_seed++),
                 blob(R"({"layers":[],"records":[]})", std::string(oci::media_type::buildkit_cacheconfig))};
    out.manifests = {index(out.blobs)};
    out.tags = {{out.name, out.manifests.back()}};
    return out;
}

content_set build_cache_image() {
    content_set out{.name = "build-cache-image"};
    out.blobs = {random_blob(5000, next_seed++),
                 blob(R"({"layers":[],"records":[{}]})", std::string(oci::media_type::buildkit_cacheconfig))};
    out.manifests = {image(out.blobs[1], {out.blobs[0]})};
    out.tags = {{out.name, out.manifests.back()}};
    return out;
}

content_set docker_types() {
    content_set out{.name = "docker-types"};
    auto const config = blob(R"({"architecture":"mips","os":"linux"})", std::string(oci::media_type::docker_config));
    auto const layer = blob(random_bytes(3000, next_seed++), "application/vnd.docker.image.rootfs.diff.tar.gzip");
    out.blobs = {config, layer};
    std::string const one(oci::media_type::docker_manifest), list(oci::media_type::docker_list);
    out.manifests = {document({{"schemaVersion", 2},
                               {"mediaType", one},
                               {"config", config.descriptor()},
                               {"layers", json::array{layer.descriptor()}}},
                              one)};
    out.manifests.push_back(document(
        {{"schemaVersion", 2}, {"mediaType", list}, {"manifests", json::array{out.manifests.back().descriptor()}}},
        list));
    out.tags = {{out.name, out.manifests.back()}};
    return out;
}

// Without a tag: a tag's digest is whichever the manifest was pushed by.
content_set sha512_only() {
    auto out = of_index("sha512", {}, oci::algorithm::sha512);
    out.tags.clear();
    return out;
}

} // namespace

std::vector<content_set> content_sets() {
    next_seed = 1000;
    return {of_image("image"),
            uncompressed(),
            large_manifest(),
            of_index("index"),
            nested_index(),
            empty_index(),
            artifacts(),
            artifact_index(),
            artifact_without_layers(),
            artifacts_with_subject(),
            index_with_subject(),
            missing_subject(),
            data_field(),
            non_distributable(),
            of_index("custom-fields", {{"org.example.custom", "kept"}}),
            no_layers(),
            sparse(),
            build_cache_index(),
            build_cache_image(),
            docker_types(),
            sha512_only()};
}

} // namespace tests
