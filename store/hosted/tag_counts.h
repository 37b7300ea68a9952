// How many tags each repository has, so that nobody makes endless ones: a tag costs its owner nothing, while
// collections and deletions hold all tags of a repository in memory.
//
// Counted when a repository is first asked about, and again before anything is refused: in between only what is pushed
// is added, so deletions and collections need not tell.
#pragma once

#include "oci/reference.h"
#include "store/core.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace store {

class tag_counts {
public:
    static constexpr std::size_t tags_max = 100'000; // of one repository; the largest of public registries have as many

    explicit tag_counts(core& c) : core_(c) {}

    // Tags are about to be made, or to mean something else. May take as long as reading all tags of the repository. Any
    // thread.
    //   too_many_tags
    result<void> take(repository_name const& repo, std::vector<oci::tag> const& tags);

private:
    struct known {
        std::size_t tags = 0;
        std::int64_t counted_at = 0;
    };
    result<known*> find(repository_name const& repo);
    result<void> count(repository_name const& repo, known& k) const;

    core& core_;
    std::mutex mutex_; // guards the next
    std::unordered_map<repository_name, known> known_;
};

} // namespace store
