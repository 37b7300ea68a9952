// A blob that the store has no room for: from upstream to one client, kept nowhere.
//
// A full disk must cost traffic, not pulls. Memory is two chunks: one comes in while the one before it is held back. A
// chunk leaves only when the next has arrived, the last one only when the digest has matched, so nobody can complete
// a wrong body here either. A client that takes its time slows its own upstream connection down, and nobody else's.
// Where upstream's connection breaks, another goes on. Clients beyond a bound are told to come back, one that takes
// very much before the others: it holds its places for as long as it likes to read.
#pragma once

#include "oci/digest.h"
#include "proxy/pull/blob_answer.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/runtime/fair_queue.h"
#include "proxy/runtime/on_disk.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace proxy {

class relay {
public:
    // At a time: 32 MiB of chunks in all. A store without room is a state to get out of, not to serve a fleet in.
    static constexpr std::size_t running_max = 64;
    static constexpr std::size_t running_max_of_client = running_max / 4;

    explicit relay(disk_pool& disk) : disk_(disk) {} // which computes the digests

    // Answers with the blob of `t`. `size` is 0 if nobody has said it: the body is chunked then, and a client that
    // takes no chunks gets a 503, as one does beyond these bounds. `opened` may be upstream's answer to a GET of the
    // whole blob, its body unread; else upstream is asked. A part of the blob cannot be verified, and goes out as
    // upstream sends it.
    task<result<void>> reply(exchange& x, repository_target const& t, oci::digest const& d, std::uint64_t size,
                             std::optional<upstream_response> opened);

private:
    task<result<void>> admitted(exchange& x, repository_target const& t, oci::digest const& d, std::uint64_t size,
                                std::optional<upstream_response> opened);

    using opened_answer = std::optional<upstream_response>;

    // `all`: how the whole was asked for, if its size is known.
    task<result<void>> reply_whole(exchange& x, repository_target const& t, oci::digest const& d,
                                   std::optional<wanted_part> all, opened_answer opened);
    task<result<void>> reply_part(exchange& x, repository_target const& t, oci::digest const& d, std::uint64_t size,
                                  oci::byte_range part, opened_answer opened);

    disk_pool& disk_;
    std::shared_ptr<fair_queue> const running_ = std::make_shared<fair_queue>(running_max, running_max_of_client);
};

} // namespace proxy
