// A fill is one download of one digest, followed by any number of clients while it runs.
//
// It is owned by the fill table, never by a session: the first requester is a follower like the rest, and a leaving
// or slow client affects nobody. Followers read the growing temp file at their own pace, up to the bytes known to be
// written; the last bytes are released only once the digest matched, so nobody can complete a wrong body.
#pragma once

#include "oci/digest.h"
#include "oci/reference.h"
#include "proxy/error.h"
#include "proxy/runtime/watch.h"
#include "proxy/upstream/upstream.h"
#include "store/blob_file.h"
#include "store/object.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace proxy {

// Where the content comes from and what it will be recorded as.
struct fill_source {
    upstream* from = nullptr;                   // lives as long as the server
    oci::repository repo;                       // as upstream names it
    std::string repository_name;                // as the store names it; linked to the content at the end
    std::optional<std::uint64_t> expected_size; // from the descriptor that named it
    store::object_kind kind = store::object_kind::unknown;
    std::string media_type;
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

    std::atomic<unsigned> followers{0}; // for the list of running fills
    deadline::clock::time_point const started = deadline::clock::now();

private:
    oci::digest const digest_;
    fill_source const source_;
    watch<fill_state> state_{fill_state{}};
};

} // namespace proxy
