// May this repository show this content, and how large is it there? Upstream says so, once, with a HEAD.
//
// For content that is held (or being fetched) for one repository and asked for through another: it is not downloaded
// again, but neither does a digest alone open anything. An upstream is believed about its own content; about what came
// from elsewhere, where not everybody may see everything, it has to show that it has it (possession.h).
#pragma once

#include "proxy/access/rights.h"
#include "proxy/pull/possession.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/runtime/single_flight.h"
#include "proxy/server_parts.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace proxy {

error blob_unknown(oci::digest const& d); // upstream has it not, or refuses access to it

// Whether all that is stored may be shown to everybody: no rule says otherwise, and no upstream that shows each client
// its own.
bool is_open_to_all(server_parts const& parts) noexcept;

// Whether the link alone shows the content to whoever was let into the repository. Where not all is open to all, what
// is mirrored must be proven: whoever may push to upstream can name in a manifest what belongs to others.
bool is_shown(server_parts const& parts, repository_target const& t, std::optional<store::link> const& known) noexcept;

// Whether a repository, by the store's name, has the content for certain, and may be pulled from: then another one may
// show it too, and nothing new is opened by that. No repository of an upstream that shows each client its own lends,
// nor one of an upstream that is configured no more. Blocks.
// `as_written`: its client's name of it.
bool lends(server_parts const& parts, rights const& may, store::repository_name const& from,
           std::string_view as_written, oci::digest const& d);

class blob_access {
public:
    explicit blob_access(server_parts const& parts) : parts_(parts), possession_(parts) {}

    // The size that upstream names for the blob in this repository, if it names one. BLOB_UNKNOWN if it has none
    // there or refuses access; if it has said so a moment ago, it is not asked again.
    task<result<std::optional<std::uint64_t>>> ask(worker& w, repository_target const& t, oci::digest const& d);

    // Asks upstream whether it has what is stored, with more than a word where that is not enough, and notes in the
    // link that it has: from then on that shows the content. `known`: what is linked now. False: upstream has not shown
    // that it has it, and what clients are given has to come from there. BLOB_UNKNOWN as ask(), also where there is no
    // upstream.
    task<result<bool>> prove_stored(worker& w, repository_target const& t, oci::digest const& d,
                                    std::optional<store::link> known, store::content_store::opened stored);

    // Whether it is enough that upstream says that it has this; else it has to show that.
    task<bool> is_word_enough(repository_target const& t, oci::digest const& d);

    // Notes in the link that upstream has content of this size.
    task<void> note_proof(repository_target const& t, oci::digest const& d, std::optional<store::link> known,
                          std::uint64_t size);

    // Whether any repository lends it.
    task<bool> is_lent(rights const& may, oci::digest const& d);

private:
    using size_answer = std::optional<std::uint64_t>;
    task<result<size_answer>> head(worker& w, repository_target t, oci::digest d);
    task<result<size_answer>> first_byte(worker& w, repository_target const& t, oci::digest const& d, deadline until);

    server_parts const& parts_;
    possession possession_;
    single_flight<size_answer> flights_;
};

} // namespace proxy
