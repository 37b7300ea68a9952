// Files whose bytes turned out wrong, kept for a look at what happened to them: quarantine/<hex> in the store.
//
// No row points here and nothing is ever served from here. There are few, and they are bounded; the running sums do
// not contain them, so whoever keeps a limit adds bytes().
#pragma once

#include "oci/digest.h"
#include "store/blob_folder.h"

#include <cstdint>
#include <vector>

namespace store {

inline constexpr std::size_t quarantine_files_max = 16;
inline constexpr std::uint64_t quarantine_bytes_max = std::uint64_t{1} << 30;

// Nothing is remembered: the folder is the truth, and at most a few files are in it. All members block.
class quarantine {
public:
    explicit quarantine(blob_folder& folder) noexcept : folder_(folder) {} // lives longer

    // What it takes on disk.
    result<std::uint64_t> bytes() const;

    // Moves the digest's file here, and the oldest ones out until the bounds hold; one that alone is too large is
    // removed. True if it is here now. The caller holds the digest's lock and has erased its row; one thread at a
    // time. After an error the file may still be in its place, where it is an orphan.
    result<bool> take(oci::digest const& d);

private:
    struct kept {
        std::string path;
        std::uint64_t bytes = 0;
        std::int64_t since = 0; // nanoseconds
    };
    result<std::vector<kept>> list() const; // the oldest first
    result<void> make_room(std::uint64_t bytes);

    blob_folder& folder_;
};

} // namespace store
