// Who brings which part of a blob: the fill's own connection, which comes from the front, or one beside it.
//
// The blob is cut into windows. The fill goes through them in order. A connection beside it takes a whole window
// further on, one at a time, and writes it at its place in the file; when the fill gets there it takes that in instead
// of fetching it. A window that was promised and of which nothing has come is taken back: what is slow beside the fill
// never holds the fill up. No window is fetched twice but for what had to be taken back or had failed.
//
// Pure bookkeeping: no I/O, no clock. Any thread.
#pragma once

#include "proxy/runtime/watch.h"

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

namespace proxy {

class windows {
public:
    static constexpr std::size_t wanted_max = 16;

    // Of a blob of `size` bytes, the last window perhaps shorter.
    windows(std::uint64_t size, std::uint64_t window);

    // ---- the fill

    enum class next_step : std::uint8_t {
        take_in, // `bytes` are in the file from here on
        wait,    // they are on their way: look again when progress() changed
        fetch    // it is for the fill's own connection, for `bytes` from here on, which do not leave this window
    };
    struct step {
        next_step what;
        std::uint64_t bytes = 0;
    };
    // At byte `at` of the blob, before its end; never goes back. `connected`: the fill's own connection is there, about
    // to bring this byte.
    step next(std::uint64_t at, bool connected);
    // For a connection of the fill's own that is to be opened at `at`: the first byte that others bring or will.
    std::uint64_t free_until(std::uint64_t at) const;
    // From now on windows are given out one after the other, not only those that are wanted.
    void spread();
    bool spreading() const;
    // No more are given out.
    void stop();

    // ---- a connection beside it

    struct window {
        std::size_t index = 0;
        std::uint64_t first = 0, end = 0; // bytes of the blob, `end` not included
    };
    // One that nobody has begun: first those that are wanted.
    std::optional<window> claim();
    bool anything_to_claim() const;
    // Before each write to the file. False: the window was taken back, nothing may be written there any more.
    bool begin_write(std::size_t index);
    // So many more bytes are in the file.
    void end_write(std::size_t index, std::uint64_t bytes);
    void give_up(std::size_t index);

    // ---- a reader far ahead of the fill

    // How many bytes are in the file from `at` on without a gap, as far as this window goes; hashed by nobody yet.
    std::uint64_t readable(std::uint64_t at) const;
    // Asks for the window of byte `at`. True: somebody brings it or will; progress() changes when it goes on or that
    // is no longer so. False also where the fill itself will be soon, in the window after the one that it is in.
    bool want(std::uint64_t at);

    watch<std::monostate>& progress() noexcept { return progress_; }

private:
    enum class holder : std::uint8_t { nobody, fill, beside };
    struct entry {
        holder by = holder::nobody;
        bool wanted = false;
        bool writing = false;
        std::uint64_t got = 0; // in the file, from the window's first byte on
    };

    std::uint64_t length_of(std::size_t index) const noexcept;
    std::optional<std::size_t> find_free();
    void note_progress();

    std::uint64_t const size_;
    std::uint64_t const window_;
    mutable std::mutex mutex_; // guards all below but progress_; nothing else is done under it
    std::vector<entry> entries_;
    std::size_t front_ = 0; // the window that the fill is in
    std::deque<std::size_t> wanted_;
    bool spreading_ = false;
    bool stopped_ = false;
    watch<std::monostate> progress_{{}};
};

} // namespace proxy
