// Starts the downloads that a client is about to ask for: whoever is sent the manifest of one platform asks for its
// config and its layers next, three at a time and one round trip later.
//
// A download begun here is a fill like any other, which clients join. It is begun only where it can do no harm: what
// the configuration or the client's history lets expect, what is not here yet, what fits without anything having to
// go, and so many at a time for each upstream.
#pragma once

#include "oci/manifest.h"
#include "proxy/fill/fill_table.h"
#include "proxy/pull/manifest_cache.h"
#include "proxy/pull/prefetch_history.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/runtime/on_disk.h"
#include "proxy/stats/stats.h"
#include "store/content_store.h"

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace proxy {

// Any thread. Must outlive its fills, as the fill table does.
class prefetcher {
public:
    static constexpr unsigned max_running = 8;      // for one upstream
    static constexpr std::size_t max_waiting = 256; // for one upstream; what comes then is left to the client
    static constexpr std::size_t max_looks = 64;    // the same

    // All must outlive this.
    prefetcher(store::content_store& content, disk_pool& disk, fill_table& fills, stats& counts)
        : content_(content), disk_(disk), fills_(fills), counts_(counts) {}

    // A client is being sent this manifest of an upstream's repository. What follows happens on `w`, in the name in
    // which the client itself would ask.
    void manifest_asked(worker& w, repository_target const& t, std::shared_ptr<served_manifest const> m,
                        std::string_view user_agent);

    // False: blob_asked() would do nothing. Takes no lock.
    bool may_matter(oci::digest const& d) const noexcept { return history_.may_matter(d); }
    void blob_asked(repository_target const& t, oci::digest const& d, std::string_view user_agent);

    // Begins no more of them.
    void stop();

private:
    struct job {
        worker* on = nullptr;
        oci::digest digest;
        std::uint64_t size = 0;
        fill_source source;
    };
    struct lane {
        unsigned running = 0;
        std::deque<job> waiting;
    };

    // At a manifest that was asked for, to see what is missing: so many at a time, for each may have a file open.
    class look {
    public:
        explicit look(std::atomic<std::size_t>& under_way) : under_way_(&under_way), before_(under_way.fetch_add(1)) {}
        look(look&& other) noexcept : under_way_(std::exchange(other.under_way_, nullptr)), before_(other.before_) {}
        ~look() {
            if (under_way_ != nullptr)
                under_way_->fetch_sub(1);
        }
        bool is_granted() const noexcept { return before_ < max_looks; }

    private:
        std::atomic<std::size_t>* under_way_;
        std::size_t before_;
    };

    task<void> consider(worker& w, repository_target t, std::shared_ptr<served_manifest const> m, std::string client);
    result<std::vector<oci::descriptor>> missing_of(served_manifest const& m) const; // blocks
    void begin(job j);
    void run(job j);
    task<void> fetch(job j);
    bool has_room(std::uint64_t bytes); // and counts on it; blocks
    void end(upstream const& from, std::uint64_t promised);

    store::content_store& content_;
    disk_pool& disk_;
    fill_table& fills_;
    stats& counts_;
    prefetch_history history_;
    std::atomic<std::size_t> looks_ = 0;
    std::mutex room_mutex_; // makes asking for room and counting on it one step
    std::mutex mutex_;      // guards all below; never held while anything blocks
    bool stopping_ = false;
    std::uint64_t promised_ = 0; // bytes of what runs
    std::map<upstream const*, lane> lanes_;
};

} // namespace proxy
