// A fill is one download of one digest, followed by any number of clients while it runs.
//
// It is owned by the fill table, never by a session: the first requester is a follower like the rest, and a leaving
// or slow client affects nobody. Followers read the growing temp file at their own pace, up to the bytes known to be
// written; the last bytes are released only once the digest matched, so nobody can complete a wrong body.
#pragma once

#include "oci/digest.h"
#include "oci/reference.h"
#include "proxy/error.h"
#include "proxy/runtime/deadline.h"
#include "proxy/runtime/watch.h"
#include "proxy/runtime/worker.h"
#include "proxy/upstream/asker.h"
#include "proxy/upstream/upstream.h"
#include "store/blob_file.h"
#include "store/object.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace proxy {

class side_fetches;

// Where the content comes from and what it will be recorded as.
struct fill_source {
    upstream* from = nullptr;                   // lives as long as the server
    oci::repository repo;                       // as upstream names it
    std::string repository_name;                // as the store names it; linked to the content at the end
    std::optional<std::uint64_t> expected_size; // from the descriptor that named it
    store::object_kind kind = store::object_kind::unknown;
    std::string media_type;
    asker by{}; // to the end, whoever joins
};

enum class fill_stage : std::uint8_t {
    starting,  // nothing known yet
    streaming, // size and file are known; `available` bytes may be read
    done,      // everything may be read; the content is in the store, or could not be kept, but is right
    failed,    // `failure` says why; readers must break off
    unstored,  // there is no room for it: nothing was or will be kept, each client fetches for itself (relay.h)
    superseded // the content had been stored meanwhile: nothing was fetched or proven, look in the store again
};

struct fill_state {
    fill_stage stage = fill_stage::starting;
    std::uint64_t size = 0; // of `unstored`: 0 if upstream does not tell
    std::uint64_t available = 0;
    std::shared_ptr<store::blob_file const> file;
    std::shared_ptr<error const> failure;
};

// A body so small is shown to nobody before its digest has matched, nor is its size unless a manifest names it: that
// costs no client time, and what turns out wrong can be fetched again from elsewhere as if nothing had been.
inline constexpr std::uint64_t shown_when_right = 64 * 1024;

class fill {
public:
    fill(oci::digest d, fill_source source) : digest_(std::move(d)), source_(std::move(source)) {}

    oci::digest const& digest() const noexcept { return digest_; }
    fill_source const& source() const noexcept { return source_; }
    watch<fill_state>& state() noexcept { return state_; }

    // Waits until the size is known, or it is known that there is nothing to follow: failed, unstored, superseded. Any
    // thread, any executor.
    task<result<fill_state>> head();

    // Of stage `unstored`, perhaps: upstream's answer, its body unread, so that the client that started the fill costs
    // one request. Touched only on the worker that runs the fill, where that client's coroutine lives and fetches it.
    std::optional<upstream_response> opened;

    // The connections beside its own, which bring what a reader far ahead waits for (side_fetches.h). None if there
    // shall be none. Set before the first state that is not `starting`.
    std::shared_ptr<side_fetches> sides;

    // Nobody wants the content any more: it fails with its next bytes. Any thread.
    void abandon() noexcept { abandoned_.store(true, std::memory_order_relaxed); }
    bool is_abandoned() const noexcept { return abandoned_.load(std::memory_order_relaxed); }

    std::atomic<unsigned> followers{0}; // clients; for the list of running fills, and for who thinks of abandoning it
    deadline::clock::time_point const started = deadline::clock::now();

private:
    oci::digest const digest_;
    fill_source const source_;
    watch<fill_state> state_{fill_state{}};
    std::atomic<bool> abandoned_{false};
};

// f->head(), on `w`'s own thread, but no longer than to `d`: 504 then, while the fill goes on for whoever asks next.
task<result<fill_state>> head_of(worker& w, std::shared_ptr<fill> f, deadline d);

} // namespace proxy
