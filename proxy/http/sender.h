// Bytes to one client: heads and small bodies with one system call, files with sendfile, fills as they grow.
//
// Sends are tried at once and wait only when the socket is full, so a small answer costs no trip through the event
// loop. File pages that are not in memory are sent from the disk pool: a cold read never holds up the other
// connections of the thread.
#pragma once

#include "proxy/fill/fill.h"
#include "proxy/http/client_stream.h"
#include "proxy/http/watchdog.h"
#include "proxy/runtime/net.h"
#include "proxy/runtime/on_disk.h"
#include "proxy/runtime/pacer.h"
#include "store/blob_file.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace proxy {

class sender {
public:
    // All must outlive the sender. A client that takes no byte for `timeout` is let go.
    // `pace`, if any, is what the client's connections share.
    sender(client_stream& client, watchdog::entry& entry, disk_pool& disk, std::chrono::seconds timeout,
           pacer* pace = nullptr)
        : client_(client), entry_(entry), disk_(disk), timeout_(timeout), pace_(pace) {}

    // The answer holds a place of that queue, which outlives it: a client that keeps it waiting for five seconds, and
    // one more for each 512 KiB that went out, is let go when others want the place. What holds one waits for no turn
    // of its client's pace, and weighs on what comes after it. Null: it holds none any more.
    void hold(fair_queue* q) noexcept { held_ = q; }

    // Until what the client's connections were sent has had its time; before a place is taken. False: the client is
    // gone.
    task<bool> settle() { return wait_turn(0); }

    // Each answers whether everything went out; after false the connection is only good for closing.
    task<bool> send(std::string_view head, std::string_view body, more m = more::no);
    task<bool> send_file(store::blob_file const& file, std::uint64_t offset, std::uint64_t length);

    // Sends the range of a fill's content while it runs. False also when the fill failed: the client must see a body
    // cut short, never one that ends cleanly. A part far ahead of the fill is fetched beside it (side_fetches.h).
    task<bool> send_fill(fill& f, std::uint64_t offset, std::uint64_t length);

    // A body of unknown length, piece by piece (RFC 9112 §7.1); an empty piece is nothing.
    task<bool> send_chunk(std::string_view data);
    task<bool> end_chunks();

    // The client waits for bytes that are not here yet; whoever brings them bounds that wait.
    void await_source() noexcept {
        entry_.expire_after(limit::none, steady_clock::duration::max() / 4, steady_clock::now());
    }

    // The client is about to send, and has to by then; a second later it is let go without having been told.
    void await_client(steady_clock::time_point until) noexcept {
        touch();
        if (auto const now = steady_clock::now(); until < now + timeout_)
            entry_.expire_after(limit::body_rate, until - now + seconds(1), now);
    }

    // Bytes in all since construction, heads included, the framing of chunks not.
    std::uint64_t sent() const noexcept { return sent_; }

private:
    task<std::optional<std::uint64_t>> send_ahead(store::blob_file const& file, side_fetches& sides,
                                                  std::uint64_t offset, std::uint64_t length);
    task<bool> wait_writable();
    task<bool> wait_turn(std::uint64_t bytes);
    void touch() noexcept { entry_.expire_after(limit::write_timeout, timeout_, steady_clock::now()); }

    client_stream& client_;
    watchdog::entry& entry_;
    disk_pool& disk_;
    std::chrono::seconds timeout_;
    pacer* pace_;
    std::uint64_t sent_ = 0;
    fair_queue* held_ = nullptr;
    steady_clock::duration kept_waiting_{}; // by the client, while it held a place
};

} // namespace proxy
