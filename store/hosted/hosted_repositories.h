// Repositories whose content comes from clients and is nowhere else: what a push adds, what a deletion takes away.
//
// A repository shows what is linked to it and nothing else. A link is made by who brought the bytes, or who named a
// repository that may show them (a mount); that a manifest names a digest opens nothing. So a manifest may name what
// is not here, and a digest alone is no key to what others have pushed.
//
// Everything here is on the disk when it returns: a client that was told so may forget its copy. It becomes visible at
// once and as a whole. All members may be called from any thread, and block.
#pragma once

#include "oci/manifest.h"
#include "oci/reference.h"
#include "store/blob_writer.h"
#include "store/content_store.h"
#include "store/hosted/quota.h"
#include "store/hosted/tag_counts.h"
#include "store/hosted/unsettled.h"
#include "store/hosted/uploads.h"
#include "store/metadata_index.h"

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace store {

struct pushed_manifest {
    oci::digest digest;
    std::string_view bytes; // of that digest: who calls has compared
    oci::manifest const& parsed;
    std::vector<oci::tag> tags; // that shall mean it
    std::string descriptor;     // JSON, for lists of referrers; if it has a subject
};

struct referrer {
    oci::digest manifest;
    std::string artifact_type;
    std::string descriptor; // JSON
};

// A blob whose bytes come with one request, on its way in.
class incoming_blob {
public:
    // As blob_writer::append, or too_much_unsettled.
    result<void> append(std::span<std::byte const> data);

private:
    friend class hosted_repositories;
    incoming_blob(blob_writer writer, unsettled& bound, unsettled::share share, std::uint64_t promised)
        : writer_(std::move(writer)), bound_(&bound), share_(std::move(share)), promised_(promised) {}

    blob_writer writer_;
    unsettled* bound_;
    unsettled::share share_;
    std::uint64_t promised_; // bytes that share_ has taken ahead
};

class hosted_repositories {
public:
    explicit hosted_repositories(content_store& content);

    uploads& sessions() noexcept { return uploads_; }

    void set_rules(hosted_rules rules);
    bool is_mirrored(repository_name const& repo) const; // by these

    // A client is about to be told that it is here: call this before looking. See reliance.h.
    void rely_on(oci::digest const& d) { core_->relied.note(d, core_->now()); }

    // Removes what nothing leads to any more; after a start that followed a crash, not before the grace time is over:
    // what clients had been told is not remembered.
    gc_report collect(gc_request const& request);

    // Remembers for the next start that nothing is lost. At a clean stop.
    result<void> note_clean_stop();

    // Begins a push of a blob in one go, of `size` bytes or of unknown size.
    //   no_space, over_quota, too_much_unsettled
    result<incoming_blob> begin_blob(repository_name const& repo, oci::algorithm a, std::optional<std::uint64_t> size);
    result<void> put_blob(repository_name const& repo, incoming_blob& blob, oci::digest const& expected);

    // Ends a push of a blob: commits the writer's bytes and links them.
    //   digest_mismatch  the bytes are others; nothing becomes visible
    result<void> put_blob(repository_name const& repo, blob_writer& writer, oci::digest const& expected);

    // The same of small content in one go.
    result<void> put_small_blob(repository_name const& repo, oci::digest const& d, std::string_view bytes);

    // Links content that is here already. False if it is not, or `from` is given and does not show it.
    result<bool> mount(repository_name const& repo, oci::digest const& d, repository_name const* from);

    //   over_quota, too_much_unsettled, too_many_tags
    result<void> put_manifest(repository_name const& repo, pushed_manifest const& m);

    // The repository no longer shows it; false if it did not. The bytes go when nobody needs them any more.
    result<bool> remove_tag(repository_name const& repo, oci::tag const& t);
    result<bool> remove_manifest(repository_name const& repo, oci::digest const& d); // with its tags
    result<bool> remove_blob(repository_name const& repo, oci::digest const& d);

    // The manifests of the repository that name `subject`, in the order of their digests, after `after` if there is
    // one: at most `limit`, and no more once they have 4 MiB, which one alone can have. None: there are no more. The
    // subject need not exist.
    result<std::vector<referrer>> referrers(repository_name const& repo, oci::digest const& subject,
                                            std::optional<oci::digest> const& after, std::size_t limit) const;

    result<bool> is_referrer(repository_name const& repo, oci::digest const& subject,
                             oci::digest const& manifest) const;

    // The bytes of the manifest that the tag means; "" if there is none.
    result<std::string> read_tagged(repository_name const& repo, oci::tag const& t) const;

private:
    result<void> link_blob(repository_name const& repo, oci::digest const& d, std::uint64_t size);
    result<void> rely_on_children(repository_name const& repo, oci::manifest const& m);

    content_store& content_;
    std::shared_ptr<core> core_;
    bool started_unclean_ = false;
    std::int64_t started_at_ = 0;
    mutable std::mutex mutex_; // guards the next
    hosted_rules rules_;
    quota quota_;
    unsettled unsettled_;
    tag_counts tags_;
    uploads uploads_;
};

} // namespace store
