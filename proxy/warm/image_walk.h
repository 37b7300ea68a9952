// From an image's name to all that it is made of. Its manifests are stored when that is known; its blobs are left to
// the caller.
#pragma once

#include "proxy/pull/manifest_source.h"
#include "proxy/warm/warm_job.h"

#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace proxy {

// Runs on the worker's thread, once. All must outlive it.
class image_walk {
public:
    static constexpr std::size_t max_manifests = 1000;
    static constexpr std::size_t max_depth = 4; // of indexes in indexes

    image_walk(server_parts const& parts, manifest_source& manifests, worker& w, warm_job& job)
        : parts_(parts), manifests_(manifests), worker_(w), job_(job) {}

    // Config and layers of the job's image and platforms, each once, without what is kept elsewhere. The job knows of
    // all of them by then.
    task<result<std::vector<oci::descriptor>>> run();

private:
    task<result<oci::digest>> top();
    task<result<void>> level(std::vector<oci::digest> const& manifests);
    task<result<void>> visit(oci::digest const& d);
    task<result<manifest_source::manifest_ptr>> manifest(oci::digest const& d);
    task<result<std::vector<oci::index_entry>>> choose(oci::digest const& d, std::vector<oci::index_entry> entries);
    std::vector<oci::platform> expected(oci::digest const& index, std::vector<oci::index_entry> const& entries) const;
    void add(oci::descriptor d);

    server_parts const& parts_;
    manifest_source& manifests_;
    worker& worker_;
    warm_job& job_;
    std::optional<oci::digest> before_; // what the tag meant
    std::vector<oci::digest> next_;     // manifests, one level further down
    std::vector<oci::descriptor> blobs_;
    std::set<oci::digest> seen_;
    std::size_t visited_ = 0;
};

} // namespace proxy
