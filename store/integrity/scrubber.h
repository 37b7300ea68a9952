// Beside serving, for ever: reads the whole store again, slowly, to find rotten bytes before a client does.
//
// Objects are read in the order of their digests. A file is held against its block sums, which cost a tenth of its
// digest; what differs, or has no sums, is held against its digest, for sums can rot too. An object that is wrong
// beyond doubt loses its row first, so that the next request downloads it again, and its file goes into quarantine
// (see quarantine.h).
#pragma once

#include "oci/digest.h"
#include "store/content_store.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>

namespace store {

enum class damage : std::uint8_t {
    missing,    // no file
    wrong_size, // the file is shorter or longer than recorded
    wrong_bytes,
    unreadable, // the disk gives an error, twice
    wrong_row,  // the row cannot be decoded, or its content is gone
};
std::string_view to_string(damage d) noexcept; // "missing", …

struct scrub_finding {
    oci::digest digest;
    damage what = damage::wrong_bytes;
    std::optional<std::uint64_t> offset; // of the first block (1 MiB) that is wrong, if that is known
    bool quarantined = false;            // its file is in quarantine; else it had none or it was removed
};

// Since the store was made, but for a crash's last step. Times are Unix seconds, 0: never.
struct scrub_counters {
    std::uint64_t objects_checked = 0;
    std::uint64_t bytes_checked = 0;
    std::uint64_t rotten = 0; // findings
    std::uint64_t sums_rewritten = 0;
    std::uint64_t passes_completed = 0;
    std::int64_t pass_started_at = 0; // the one that is under way; 0 between passes
    std::int64_t last_pass_started_at = 0;
    std::int64_t last_pass_ended_at = 0;
};

struct scrub_result {
    std::uint64_t bytes = 0;     // read, at least 4 KiB counted for each object
    bool pass_completed = false; // all objects were seen: the next step begins anew
};

class scrubber {
public:
    // Keeps the store open as long as it lives. `on_finding` (may be empty) is called from within step(), after the
    // object is out of the way and no lock is held.
    explicit scrubber(content_store const& s, std::function<void(scrub_finding const&)> on_finding = {});
    ~scrubber();

    // Reads about `budget` bytes more (one block of 1 MiB at least), to the end of the pass at most. Blocks; the rate
    // is the caller's, who waits between steps, and may wait long after a pass: an empty store's is over at once. A
    // stop request ends it after the present block. One thread at a time, any thread, while others do with the store
    // what they like. Where it is survives a restart; of a large file that is half read, its beginning is read again.
    //
    //   io       the index or the disk fails; where it was one object, that one is passed over. Two objects that
    //            cannot be read, one after the other, are taken for a failing disk: the second is left as it is
    //   corrupt  the index contradicts itself
    //   no_space a rotten object could not be dropped, for the index cannot be written; the next pass will try
    result<scrub_result> step(std::uint64_t budget, std::stop_token const& stop = {});

    scrub_counters counters() const; // from any thread

    // What quarantine takes on disk; looks at its few files, from any thread. Blocks.
    result<std::uint64_t> quarantined_bytes() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace store
