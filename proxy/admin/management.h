// What the admin API changes: garbage collection, pins, purges. Images are named as people write them, and mean what
// they mean to clients: "alpine", "ghcr.io/a/b:v1", "local/app@sha256:…".
#pragma once

#include "proxy/admin/admin_message.h"
#include "proxy/gc/collector.h"
#include "proxy/pull/upstream_set.h"
#include "store/content_store.h"

#include <optional>

namespace proxy {

class management {
public:
    // All must outlive this.
    management(store::content_store& content, collector& gc, upstream_set const& upstreams)
        : content_(content), gc_(gc), upstreams_(upstreams) {}

    // Nothing if the path is none of these. Any thread; blocks, a collection for as long as it takes.
    std::optional<admin_response> handle(admin_request const& r) const;

    // How garbage collection is.
    boost::json::object collection() const { return to_json(gc_.state()); }

private:
    struct image {
        std::string repository; // as the store names it
        oci::reference reference;
        std::string name() const; // in full, for answers
    };
    result<image> image_of(admin_request const& r) const;
    admin_response collect(admin_request const& r) const;
    admin_response collection_state() const;
    admin_response pins() const;
    admin_response pin(image const& i) const;
    admin_response unpin(image const& i) const;
    std::optional<oci::digest> manifest_of(image const& i) const;
    bool is_part_of(oci::digest const& d, oci::digest const& root) const;
    std::optional<std::string> pin_of(image const& i, oci::digest const& manifest) const;
    admin_response purge(admin_request const& r) const;
    admin_response purge_digest(oci::digest const& d) const;

    store::content_store& content_;
    collector& gc_;
    upstream_set const& upstreams_;
};

} // namespace proxy
