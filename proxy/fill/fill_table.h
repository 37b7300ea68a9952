// The running fills, at most one per digest, however many repositories, registries and clients ask for it.
#pragma once

#include "proxy/fill/fill.h"
#include "proxy/runtime/on_disk.h"
#include "proxy/runtime/worker.h"
#include "proxy/stats/stats.h"
#include "store/content_store.h"

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace proxy {

class fill_table {
public:
    // All three must outlive the table; the table must outlive every fill (see wait for running fills in server.cpp).
    fill_table(store::content_store& content, disk_pool& disk, stats& counts)
        : content_(content), disk_(disk), counts_(counts) {}

    struct joined {
        std::shared_ptr<proxy::fill> fill;
        bool started = false; // by this call
    };

    // The running fill of `d`, or none. Any thread.
    std::shared_ptr<fill> find(oci::digest const& d) const;

    // The running fill of `d`, or a new one on `w` from `source`. Any thread; does not block.
    joined join(worker& w, oci::digest const& d, fill_source source);

    std::vector<std::shared_ptr<fill>> running() const;

private:
    task<void> run(worker& w, std::shared_ptr<fill> f);
    task<bool> already_stored(oci::digest const& d);
    task<result<fill_state>> outcome_of(worker& w, std::shared_ptr<fill> f);
    task<void> link_source(fill const& f, std::uint64_t size);
    void forget(oci::digest const& d);

    store::content_store& content_;
    disk_pool& disk_;
    stats& counts_;
    mutable std::mutex mutex_; // guards fills_; nothing is awaited or opened under it
    std::unordered_map<oci::digest, std::shared_ptr<fill>> fills_;
};

} // namespace proxy
