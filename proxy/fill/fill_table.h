// The running fills, at most one of a digest from one upstream, however many repositories and clients ask for it.
//
// Followers are sent bytes whose digest nobody knows yet: until then they are the word of the upstream that sends them,
// and its own clients alone may be given it. What has matched is in the store, and everybody's.
#pragma once

#include "proxy/fill/download.h"
#include "proxy/fill/fill.h"
#include "proxy/runtime/on_disk.h"
#include "proxy/runtime/worker.h"
#include "proxy/stats/stats.h"
#include "store/content_store.h"

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace proxy {

class fill_table {
public:
    // The references must outlive the table; the table must outlive every fill (see wait for running fills in
    // server.cpp). Never more than `max_fills` run at a time.
    fill_table(store::content_store& content, disk_pool& disk, stats& counts, std::size_t max_fills,
               range_rule const& ranges = {})
        : means_{content, disk, ranges}, counts_(counts), max_fills_(max_fills) {}

    struct joined {
        std::shared_ptr<proxy::fill> fill;
        bool started = false; // by this call, and running
    };

    // The running fill of `d` from the source's upstream, or a new one on `w`. If too many run it has failed already:
    // overloaded. One that was running may be of another repository, in which upstream has shown it: that is no word
    // about yours.
    // Any thread; does not block.
    joined join(worker& w, oci::digest const& d, fill_source source);

    std::vector<std::shared_ptr<fill>> running() const;

private:
    task<void> run(worker& w, std::shared_ptr<fill> f);
    task<bool> already_stored(oci::digest const& d);
    task<result<fill_state>> outcome_of(worker& w, std::shared_ptr<fill> f);
    task<void> link_source(fill const& f, std::uint64_t size);
    void forget(fill const& f);

    fill_means means_;
    stats& counts_;
    std::size_t const max_fills_;
    mutable std::mutex mutex_; // guards fills_; nothing is awaited or opened under it
    std::map<std::pair<upstream const*, oci::digest>, std::shared_ptr<fill>> fills_;
};

} // namespace proxy
