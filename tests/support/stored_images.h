// A store with images in it and no server: what the commands of the admin API work on. Its clock is the test's.
#pragma once

#include "oci/manifest.h"
#include "store/content_store.h"
#include "tests/support/mirror.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tests {

struct stored_images {
    temp_folder folder;
    std::atomic<std::int64_t> now = 1'000'000;
    std::function<void()> when_asked; // for the time; not to be changed while another thread uses the store
    std::unique_ptr<store::content_store> content;

    stored_images() {
        store::options o;
        o.path = folder.path() / "store";
        o.now = [this] {
            if (when_asked)
                when_asked();
            return now.load();
        };
        content = store::content_store::open(std::move(o)).value();
        content->maintain(); // takes in what is there, so that all that comes can be evicted
    }

    oci::digest put(std::string const& bytes, store::object_kind kind) {
        auto const d = oci::digest::of(bytes);
        store::object_traits traits;
        traits.kind = kind;
        content->put(d, bytes, traits).value();
        return d;
    }

    // An image of these blobs, the first as its config: its manifest's digest.
    oci::digest add(std::string const& repo, std::string const& tag, std::vector<std::string> const& blobs) {
        for (std::size_t i = 0; i < blobs.size(); ++i)
            put(blobs[i], i == 0 ? store::object_kind::config : store::object_kind::layer);
        auto const body = image_manifest(blobs);
        auto const d = put(body, store::object_kind::manifest);
        content->index().put_manifest(repo, d, oci::parse_manifest(body, "").value(), body.size()).value();
        content->index().put_tag(repo, oci::tag::parse(tag).value(), {d, now, now}).value();
        return d;
    }

    bool has(std::string const& bytes) const { return has(oci::digest::of(bytes)); }
    bool has(oci::digest const& d) const { return content->find(d).value().has_value(); }
    bool shows(std::string const& repo, std::string const& bytes) const {
        return content->index().find_link(repo, oci::digest::of(bytes)).value().has_value();
    }

    // A rule for all that was not used for so long.
    void expire_after(std::chrono::seconds unused) {
        store::gc_rule rule;
        rule.all = true;
        rule.keep_duration = unused;
        rule.name = "policy 1";
        content->set_rules({rule});
    }
};

} // namespace tests
