// Content on its way in: a temp file, a running hash, and a reservation of space.
//
// The write order of the store stands here: reserve → temp file → write while hashing → compare digest →
// (fdatasync) → rename → (fsync of the directory) → one WriteBatch. Until commit() nothing is visible under
// the digest; a writer destroyed without it removes its temp file and gives the space back.
//
// One thread at a time may append; other threads may read what is written through view() meanwhile, and write pieces
// that come before their turn through side().
#pragma once

#include "oci/digest.h"
#include "store/blob_file.h"
#include "store/error.h"
#include "store/object.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace store {

class content_store;
class side_writer;

// What a finished piece of content is recorded as. The size, place and time are the store's to say.
struct object_traits {
    object_kind kind = object_kind::unknown;
    object_origin origin = object_origin::pull;
    std::string media_type;
};

class blob_writer {
public:
    blob_writer(blob_writer&&) noexcept;
    blob_writer& operator=(blob_writer&&) noexcept;
    ~blob_writer();

    // Hashes and writes; blocks. After an error only destruction makes sense: all that follows fails too.
    //   no_space       the disk is full
    //   size_mismatch  more bytes than were announced at begin()
    result<void> append(std::span<std::byte const> data);

    std::uint64_t written() const noexcept;
    std::optional<std::uint64_t> announced() const noexcept; // at begin()

    // Of content whose size was announced: writes further on in the same file. Each writer has one at most, which is
    // closed when finish() or the writer's end comes; that may wait for a write under way.
    std::shared_ptr<side_writer> side();

    // The next so many bytes are in the file, through side(): reads them back and hashes them; blocks. What was never
    // written there counts as zeros. Errors as append().
    result<void> take_in(std::uint64_t bytes);

    // Closes side(), so that nothing changes what is here until somebody goes on. False: there is nothing to go on
    // with, its size was not announced or it has failed.
    bool pause();

    // Of content of unknown size: nothing comes for a while, and room that was taken ahead of it goes back.
    void rest() noexcept;

    // A descriptor of the growing file that outlives the writer, for readers that follow it with positional
    // reads up to what they know to be written. Every byte of it is also the committed file's: commit renames.
    // One descriptor for all readers, small content included (its file lives in memory). Its size() is what was
    // announced at begin(), or 0.
    std::shared_ptr<blob_file const> view() const;

    // The digest of what was appended; ends appending. Lets the caller release the last bytes to readers
    // before the index is written. Call once, before commit.
    oci::digest finish();

    // The digest that finish() and commit() are about is of another algorithm than begin() was told: reads everything
    // back; blocks. Before finish().
    result<void> rehash(oci::algorithm a);

    // Makes the content visible under `expected`; blocks. Adopts the existing object if someone else stored the
    // same digest meanwhile. Calls finish() itself if nobody did.
    //   digest_mismatch  the bytes are others; nothing becomes visible
    //   size_mismatch    fewer bytes than announced
    result<object> commit(oci::digest const& expected, object_traits traits);

private:
    friend class content_store;
    friend class upload_session;
    friend class uploads;
    struct state;
    // Takes in what the file of the state holds already.
    static result<void> resume(state& s);
    static result<void> promise_until(state& s, std::uint64_t end);
    explicit blob_writer(std::unique_ptr<state> s);
    std::unique_ptr<state> state_;
};

} // namespace store
