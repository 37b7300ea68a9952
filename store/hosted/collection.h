// Garbage of hosted repositories: what no tag, no pin and nothing of the last hours leads to.
//
// Repository by repository, everything is marked that can be reached from its tags, its pins, and what was pushed or
// used within the grace time, through indexes, manifests, subjects and referrers; links to the rest go. Content that no
// repository shows any more goes with them; what a mirrored repository still shows is from then on pulled content like
// other. Pushes and pulls go on meanwhile: see reliance.h.
#pragma once

#include "store/content_store.h"
#include "store/core.h"

#include <unordered_map>
#include <unordered_set>

namespace store {

class hosted_collection {
public:
    hosted_collection(content_store& content, core& c, hosted_rules const& rules, gc_request const& request)
        : content_(content), core_(c), rules_(rules), request_(request), now_(c.now()),
          notes_before_(c.relied.notes()) {}

    // Blocks for as long as it takes to read all links of the hosted repositories.
    gc_report run();

private:
    using digest_set = std::unordered_set<oci::digest>;
    struct linked {
        oci::digest digest;
        link what;
    };

    result<void> collect_below(std::string const& prefix);
    result<void> sweep(repository_name const& repo);
    result<std::vector<linked>> links_of(repository_name const& repo) const;
    result<void> follow(repository_name const& repo, std::vector<oci::digest> todo, digest_set& to) const;
    result<std::vector<oci::digest>> led_to(repository_name const& repo, oci::digest const& d) const;
    result<bool> matters(repository_name const& repo, oci::digest const& named) const;
    result<std::vector<oci::digest>> roots(repository_name const& repo, std::vector<linked> const& links) const;
    bool is_recent(linked const& l) const;
    result<void> unlink(repository_name const& repo, linked const& l);
    result<bool> is_counted_on(repository_name const& repo, oci::digest const& d);
    result<void> release_content(gc_report& report);
    result<bool> demote(oci::digest const& d);

    content_store& content_;
    core& core_;
    hosted_rules const& rules_;
    gc_request const& request_;
    std::int64_t now_;
    std::uint64_t notes_before_; // the run
    // Of the repository under way:
    std::unordered_map<oci::digest, link const*> here_;     // all its links
    digest_set kept_;                                       // what somebody was told of since the run began leads to
    std::uint64_t notes_seen_ = 0;                          // that kept_ comes from
    std::unordered_map<oci::digest, std::size_t> unlinked_; // from how many repositories; or would be
};

} // namespace store
