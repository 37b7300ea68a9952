// A store to which images are pushed.
#pragma once

#include "store/hosted/hosted_repositories.h"
#include "tests/catch.h"
#include "tests/store/fixture.h"

namespace store_tests {

struct hosted_store : test_store {
    using test_store::test_store;
    static constexpr char const* image_type = "application/vnd.oci.image.manifest.v1+json";

    store::hosted_repositories& hosted() { return store->hosted(); }

    oci::digest push(std::string const& repo, std::string const& bytes) {
        auto const d = oci::digest::of(bytes);
        auto writer = store->begin(d.algo(), bytes.size()).value();
        writer.append(as_bytes(bytes)).value(); // no assertions: tests push from several threads
        hosted().put_blob(repo, writer, d).value();
        return d;
    }
    static std::string descriptor(oci::digest const& d, std::string const& type = "application/octet-stream") {
        return R"({"mediaType":")" + type + R"(","digest":")" + d.to_string() + R"(","size":1})";
    }
    static std::string image_of(oci::digest const& config, oci::digest const& layer, std::string const& more = {}) {
        return R"({"schemaVersion":2,"mediaType":")" + std::string(image_type) + R"(","config":)" + descriptor(config) +
               R"(,"layers":[)" + descriptor(layer) + "]" + more + "}";
    }
    static std::string cache_of(oci::digest const& config, oci::digest const& blob) {
        return R"({"schemaVersion":2,"mediaType":")" + std::string(image_type) + R"(","config":)" +
               descriptor(config, "application/vnd.buildkit.cacheconfig.v0") + R"(,"layers":[)" + descriptor(blob) +
               "]}";
    }
    oci::digest put_manifest(std::string const& repo, std::string const& bytes, std::vector<std::string> tags) {
        return put_manifest(repo, bytes, tags, oci::parse_pushed_manifest(bytes, image_type).value());
    }
    oci::digest put_manifest(std::string const& repo, std::string const& bytes, std::vector<std::string> const& tags,
                             oci::manifest const& parsed) {
        auto const d = oci::digest::of(bytes);
        store::pushed_manifest m{d, bytes, parsed, {}, "{}"};
        for (auto const& t : tags)
            m.tags.push_back(oci::tag::parse(t).value());
        hosted().put_manifest(repo, m).value();
        return d;
    }
    bool shows(std::string const& repo, oci::digest const& d) {
        return store->index().find_link(repo, d).value() && store->open_blob(d).value();
    }
    std::optional<oci::digest> tag(std::string const& repo, std::string const& name) {
        auto const r = store->index().find_tag(repo, oci::tag::parse(name).value()).value();
        return r ? std::optional(r->digest) : std::nullopt;
    }
    std::vector<oci::digest> referrers(std::string const& repo, oci::digest const& subject,
                                       std::optional<oci::digest> after = {}, std::size_t limit = 100) {
        std::vector<oci::digest> found;
        for (auto const& r : hosted().referrers(repo, subject, after, limit).value())
            found.push_back(r.manifest);
        return found;
    }
};

} // namespace store_tests
