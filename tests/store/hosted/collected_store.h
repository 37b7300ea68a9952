// A store whose hosted repositories, below local/, are collected.
#pragma once

#include "tests/store/hosted/hosted_store.h"

namespace store_tests {

struct collected_store : hosted_store {
    collected_store() : hosted_store(start::closed) {
        files = watched;
        open();
        set_rules({});
    }
    std::shared_ptr<watched_file_system> watched = std::make_shared<watched_file_system>();
    void set_rules(store::hosted_rules r) {
        r.upstreams = {"docker.io"};
        r.prefixes = {"local"};
        store->hosted().set_rules(r);
    }
    void age(std::int64_t seconds = 3601) {
        store->maintain();
        now += seconds;
    }
    std::uint64_t collect() {
        auto const report = store->collect({});
        REQUIRE(report.error.empty());
        return report.total().objects;
    }
    struct image {
        oci::digest config, layer, manifest;
    };
    image push_image(std::string const& repo, std::vector<std::string> tags, unsigned seed,
                     std::string const& more = {}) {
        auto const config = push(repo, "config " + std::to_string(seed));
        auto const layer = push(repo, content(5000, seed));
        return {config, layer, put_manifest(repo, image_of(config, layer, more), std::move(tags))};
    }
    bool is_here(oci::digest const& d) { return store->find(d).value().has_value(); }
};

} // namespace store_tests
