// The work of one fill: upstream's body into the store, byte by byte verified, with its progress published.
#pragma once

#include "proxy/fill/body_sources.h"
#include "proxy/fill/fill.h"
#include "proxy/fill/range_rule.h"
#include "proxy/runtime/on_disk.h"
#include "proxy/runtime/worker.h"
#include "store/content_store.h"
#include "store/partials.h"

#include <atomic>
#include <memory>

namespace proxy {

// What all fills work with. Must outlive them.
struct fill_means {
    store::content_store& content;
    disk_pool& disk;
    range_rule ranges;
    mutable store::partials kept{content};
    mutable blob_doubts doubts{};
    mutable std::atomic<unsigned> side_connections{0}; // running now
};

// Runs on `w` to a final answer; the caller publishes it (after forgetting the fill, so that a late joiner finds
// either the running fill or the stored content). Publishes `streaming` states itself as bytes come in. Bounded:
// every read has upstream's idle timeout.
task<result<fill_state>> download(worker& w, std::shared_ptr<fill> f, fill_means const& means);

} // namespace proxy
