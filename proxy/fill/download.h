// The work of one fill: upstream's body into the store, byte by byte verified, with its progress published.
#pragma once

#include "proxy/fill/fill.h"
#include "proxy/runtime/on_disk.h"
#include "proxy/runtime/worker.h"
#include "store/content_store.h"

#include <memory>

namespace proxy {

// Runs on `w` to a final answer; the caller publishes it (after forgetting the fill, so that a late joiner finds
// either the running fill or the stored content). Publishes `streaming` states itself as bytes come in. Bounded:
// every read has upstream's idle timeout.
task<result<fill_state>> download(worker& w, std::shared_ptr<fill> f, store::content_store& content, disk_pool& disk);

} // namespace proxy
