// The connections beside a fill's own: each takes a window of the blob at a time and writes it to its place in the
// fill's file (windows.h). They come and go as there is something to fetch, at most one less than `parallel_ranges`
// while the fill has a connection of its own, and bounded over all fills.
//
// What is fetched is decided by the fill, if it is slow (range_rule.h), and by readers that are far ahead of it: lazy
// ones that open "bytes=N-" here and there, take a piece and hang up. A layer that is read so is one fill all the same:
// their windows land in its file, where it takes them in, and no byte is fetched for one reader alone. What such a
// reader gets is not verified, as no part of a blob can be before the whole is there; that is why only a part is served
// so (sender.cpp), and whoever asks for parts has to check them, or the whole they become, by the digest, as all
// clients do. Nothing of it is kept if the digest does not match in the end.
//
// An upstream that answers with something else than the part asked for is left alone from then on; a window that
// breaks off is gone on with as a fill is, and left to the fill when that does not help. All of it outlives the fill
// only until the next byte or timeout; nothing is written any more then (store/side_writer.h).
#pragma once

#include "oci/digest.h"
#include "oci/reference.h"
#include "proxy/fill/body_sources.h"
#include "proxy/fill/windows.h"
#include "proxy/runtime/on_disk.h"
#include "proxy/runtime/worker.h"
#include "proxy/upstream/asker.h"
#include "proxy/upstream/upstream.h"
#include "store/side_writer.h"

#include <atomic>
#include <cstdint>
#include <memory>

namespace proxy {

class side_fetches : public std::enable_shared_from_this<side_fetches> {
public:
    static constexpr unsigned all_max = 64; // over all fills: each holds a block of 256 KiB

    // What is to be fetched, and where: on the fill's worker.
    struct subject {
        worker& on;
        disk_pool& disk;
        upstream& from;
        oci::repository repo;
        oci::digest digest;
        asker by;
        std::uint64_t size;
    };

    // `sources`: the fill's own. `running`: how many there are over all fills.
    side_fetches(subject s, std::shared_ptr<body_sources> sources, std::shared_ptr<store::side_writer> to,
                 std::uint64_t window, std::atomic<unsigned>& running);

    windows& parts() noexcept { return parts_; }

    // Starts what may run now. Any thread.
    void start();
    // Whether the fill has a connection of its own now. On its worker.
    void note_own(bool connected) noexcept { own_ = connected; }

    // No more of it: the fill has ended. What still waits for upstream ends when that answers or its time is over.
    void stop() { parts_.stop(); }

private:
    task<void> run();
    task<bool> bring(windows::window w);
    task<result<bool>> copy(windows::window w, std::uint64_t& at);
    bool enter() noexcept;
    void leave() noexcept;

    subject const of_;
    std::shared_ptr<body_sources> const sources_; // on the fill's worker, as all that is done here
    std::shared_ptr<store::side_writer> const to_;
    windows parts_;
    std::atomic<unsigned>& running_;
    std::atomic<unsigned> here_{0};
    std::atomic<bool> own_{true};
};

} // namespace proxy
