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
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace proxy {

class fill_table {
public:
    // The references must outlive the table; the table must outlive every fill (see wait for running fills in
    // server.cpp). Never more than `max_fills` run at a time, nor more than share_of_client(max_fills) that one client
    // has begun, those it has left and those that wait for their turn at upstream included.
    fill_table(store::content_store& content, disk_pool& disk, stats& counts, std::size_t max_fills,
               range_rule const& ranges = {})
        : means_{content, disk, ranges}, counts_(counts), max_fills_(max_fills),
          client_share_(share_of_client(max_fills)) {}

    // A quarter: a slow upstream holds those of one client for long, and others need places. But 16, as far as there
    // are so many: what clients fetch of an image at once, and what is fetched ahead for them.
    static std::size_t share_of_client(std::size_t max_fills) noexcept;

    struct joined {
        std::shared_ptr<proxy::fill> fill;
        bool started = false; // by this call, and running
    };

    // The running fill of `d` from the source's upstream, or a new one on `w`. If too many run, or too many of this
    // client's, it has failed already: overloaded. One that was running may be of another repository, in which upstream
    // has shown it: that is no word about yours. Any thread; does not block.
    joined join(worker& w, oci::digest const& d, fill_source source);

    std::vector<std::shared_ptr<fill>> running() const;

private:
    task<void> run(worker& w, std::shared_ptr<fill> f);
    task<bool> already_stored(oci::digest const& d);
    task<result<fill_state>> outcome_of(worker& w, std::shared_ptr<fill> f);
    task<void> link_source(fill const& f, std::uint64_t size);
    bool take_share(std::string const& client); // under mutex_
    void forget(fill const& f);

    fill_means means_;
    stats& counts_;
    std::size_t const max_fills_;
    std::size_t const client_share_;
    mutable std::mutex mutex_; // guards all below; nothing is awaited or opened under it
    std::map<std::pair<upstream const*, oci::digest>, std::shared_ptr<fill>> fills_;
    std::unordered_map<std::string, std::size_t> begun_by_; // how many of them are which client's; none: not here
};

} // namespace proxy
