// Downloads that broke off, kept for whoever asks for the same content next, of the same sender: that one goes on where
// they stopped. With another it begins anew: readers see bytes before the digest is known, and until then these are
// the word of who sent them.
//
// The hash goes on too, so what is kept is the writer as it stands: temp file, hash, reservation. It keeps its promise
// of space, so whoever goes on with it has the room; and it is the first to go when somebody else needs that. Kept in
// memory: a restart, which clears temp files, forgets them.
//
// All members may be called from any thread.
#pragma once

#include "oci/digest.h"
#include "store/blob_writer.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace store {

class content_store;
struct core;

class partials {
public:
    // An upstream that was down for a night is asked again the next day; a layer that nobody asks for in a day has
    // most likely been replaced.
    static constexpr std::chrono::seconds age_max = std::chrono::hours(24);
    static constexpr std::size_t count_max = 64;           // each holds a descriptor
    static constexpr std::uint64_t size_min = 1024 * 1024; // fetched again as fast as looked up

    // At most one a store, which must outlive it.
    explicit partials(content_store& s);
    ~partials(); // drops all
    partials(partials const&) = delete;

    // What is older is dropped by the store's maintenance, too, where nobody comes to ask.

    // Takes the writer of what was to become `d`, if enough is written; else ends it. Its age counts from now. `from`:
    // a name of the sender. Blocks.
    void keep(oci::digest const& d, std::string const& from, blob_writer w);

    // What was kept of it. What is too old is dropped, or of another size than `size`, if that is known. Blocks.
    std::optional<blob_writer> take(oci::digest const& d, std::string const& from, std::optional<std::uint64_t> size);

    // The content is stored: nobody goes on with what was kept of it. Blocks.
    void drop(oci::digest const& d);

private:
    std::shared_ptr<core> core_;
};

} // namespace store
