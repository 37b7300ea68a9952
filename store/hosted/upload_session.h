// One blob upload session: bytes that a client pushes in as many requests as it likes, under an id, until it names
// their digest. Source: distribution-spec, "Pushing a blob in chunks".
//
// What was received survives the end of the process: the bytes are in uploads/<id>, the rest in a row. The running
// hash does not; after a restart the next request reads the file again. Nothing is synced before the end: a crash of
// the machine may cost bytes of the file, which the digest then shows.
#pragma once

#include "store/blob_writer.h"
#include "store/core.h"
#include "store/hosted/unsettled.h"

#include <atomic>
#include <optional>

namespace store {

class upload_session {
public:
    // With so many bytes of an earlier process in its file. `bound` outlives every claim.
    upload_session(std::shared_ptr<core> c, unsettled& bound, std::string id, upload_record record,
                   std::uint64_t received);
    upload_session(upload_session const&) = delete;

    std::string const& id() const noexcept { return id_; }
    repository_name const& repository() const noexcept { return record_.repo; }
    oci::algorithm algorithm() const noexcept { return record_.algorithm; }

    // Bytes so far. Any thread, any time.
    std::uint64_t received() const noexcept { return received_.load(std::memory_order_acquire); }
    // When a request last had to do with it, Unix seconds.
    std::int64_t touched_at() const noexcept { return touched_at_.load(std::memory_order_relaxed); }

    // The right of one request to write; held until destroyed. Empty while another has it, or if the session is over.
    class claim;
    std::optional<claim> try_claim() noexcept;

private:
    friend class claim;
    friend class uploads;
    enum class use : std::uint8_t { idle, claimed, over };

    result<void> open();

    std::shared_ptr<core> core_;
    unsettled& bound_;
    std::string id_;
    upload_record record_;
    unsettled::share share_;
    std::optional<std::string> owner_;   // of one that began in this process
    std::optional<reservation> at_rest_; // for bytes of an earlier process, until they are taken in
    std::optional<blob_writer> writer_;  // once there are bytes
    std::atomic<std::uint64_t> received_;
    std::atomic<std::int64_t> touched_at_;
    std::atomic<use> use_ = use::idle;
};

// All of this blocks.
class upload_session::claim {
public:
    claim(claim&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    claim& operator=(claim&&) = delete;
    ~claim();

    // As blob_writer::append, or too_much_unsettled; after an error the session is good for nothing but its end.
    result<void> append(std::span<std::byte const> data);

    // The bytes, to be committed under a digest of this algorithm. Call once, at the end.
    result<blob_writer*> finished(oci::algorithm a);

private:
    friend class upload_session;
    friend class uploads;
    void over() noexcept { std::exchange(of_, nullptr)->use_.store(use::over, std::memory_order_release); }
    explicit claim(upload_session* of) noexcept : of_(of) {}
    upload_session* of_;
};

} // namespace store
