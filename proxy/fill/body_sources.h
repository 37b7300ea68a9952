// Which endpoints the bytes of one blob come from, where the next are to be asked for, and whom to blame if all of them
// together have another digest.
//
// An endpoint whose body broke off, or was something else than asked for, is asked last from then on. What it has sent
// before stays: the digest is of all bytes, wherever they came from. That is also why a wrong digest says nothing where
// several have sent: blaming the one that broke off would forgive the one that lied, or the other way round. Such a
// blob is fetched anew, at one endpoint alone, by this download if nobody has seen a byte of it, else by the next one
// (`doubts`): then the digest is a verdict.
#pragma once

#include "oci/digest.h"
#include "proxy/error.h"
#include "proxy/upstream/body_record.h"
#include "proxy/upstream/endpoint_choice.h"
#include "proxy/upstream/upstream.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace proxy {

// The blobs that are to be fetched from one endpoint of an upstream alone, and the endpoints to leave for last then. In
// memory: what is forgotten costs one more download. Any thread.
class blob_doubts {
public:
    static constexpr std::size_t max_size = 1024; // beyond, all are forgotten

    std::optional<endpoint_set> of(upstream const& from, oci::digest const& d) const;
    void put(upstream const& from, oci::digest const& d, endpoint_set last);
    void drop(upstream const& from, oci::digest const& d);

private:
    mutable std::mutex mutex_; // guards all_
    std::map<std::pair<upstream const*, oci::digest>, endpoint_set> all_;
};

// Of one download. On one thread.
class body_sources {
public:
    // At an upstream of so many endpoints. `doubt`: one endpoint alone, any but these first.
    explicit body_sources(std::size_t endpoints, std::optional<endpoint_set> doubt = {});

    endpoint_choice choice() const;
    bool is_alone() const noexcept { return alone_; }

    void took(upstream_response const& from); // its bytes count from now on
    void took_unknown() noexcept { unknown_ = true; }
    void broke(upstream_response const& from); // or ended early
    // It answered with something else than was asked for. The error to go on with.
    error lied(upstream_response const& from, std::string message);

    // Whether another endpoint is to be asked, whatever the last error says of asking again: it was a lie, and there is
    // one that has told none. Once for each lie.
    bool turn_to_another() noexcept;

    // The digest of all that was taken is known.
    void were_right();
    void were_wrong();
    // What the next download is to know of this one, which failed; nothing: nothing.
    std::optional<endpoint_set> doubt() const;
    // Whether the download may begin again, after a lie, for there is an endpoint that has told none. Nothing of what
    // was taken counts any more then.
    bool start_anew();

private:
    endpoint_set avoided() const;
    void note_lie(std::size_t endpoint) noexcept;

    std::size_t const count_;
    bool alone_ = false;
    bool unknown_ = false;                          // some bytes are of an earlier download
    bool lie_ = false;                              // and nobody has turned to another yet
    bool undecided_ = false;                        // wrong, and nobody to blame
    endpoint_set broken_;                           // asked last
    endpoint_set liars_;                            // likewise, to the end
    std::map<std::size_t, body_account_ptr> taken_; // the last body of each endpoint that counts
};

} // namespace proxy
